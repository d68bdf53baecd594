package main

import (
	_ "embed"
	"strings"

	"taskmaster/internal/task"
)

// commonPasswords are the most common passwords of 8 characters and more, in lower case, one per line.
// They are from django/contrib/auth/common-passwords.txt.gz of Django 5.2 (BSD-3-Clause), which Royce
// Williams collected from leaked passwords.
//
//go:embed common_passwords.txt
var commonPasswords string

// checkPassword refuses a new password that attackers try first: a common one, the e-mail address, or
// the name of the program. It returns code invalid for the given field.
func checkPassword(field, password, email string) error {
	lower := strings.ToLower(password)
	local, domain, _ := strings.Cut(email, "@")
	switch {
	case lower == email || lower == local || lower == domain:
		return task.Invalid(field, "is the e-mail address or a part of it: choose another, such as four random words")
	case !strings.Contains(lower, "\n") && strings.Contains(commonPasswords, "\n"+lower+"\n"), strings.Trim(lower, "0123456789!?. ") == "taskmaster":
		return task.Invalid(field, "is one of the passwords that attackers try first: choose another, such as four random words")
	}
	return nil
}
