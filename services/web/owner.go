package main

import (
	"cmp"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"taskmaster/internal/account"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// Two people may use one browser: one of them logs in while a page of the other is still open in another tab. So every form says
// for whose account its page was made, and every request of a script does by account.Header. Another account is refused, and what
// was typed stays.
//
//	template ──withAccount──> <input name="account" value="MARK"> ──show──> value="ID EMAIL" ──POST──> checkAccount

// accountField is the name of the hidden field that names the account. The address is in it for the words of a refusal: nobody may
// ask for somebody else's.
const accountField = "account"

// postForm matches the opening tag of a form that changes something. "dialog" and searches change nothing.
var postForm = regexp.MustCompile(`<form\b[^>]*\bmethod="post"[^>]*>`)

// withAccount puts the field into every form of a template, so that no form can lack it. mark stands for the account.
func withAccount(text, mark string) string {
	return postForm.ReplaceAllString(text, `${0}<input type="hidden" name="`+accountField+`" value="`+mark+`">`)
}

// accountOf is what a page's forms say of the account.
func accountOf(u *user) string {
	if u == nil {
		return ""
	}
	return template.HTMLEscapeString(u.ID + " " + u.Email)
}

// checkOwner refuses a form or a request of a page that was made for another account. A browser that kept a change is told by code
// unauthorized to keep it until its owner is back.
func (v *visit) checkOwner(r *http.Request) error {
	if owner := r.Header.Get(changeOfHeader); owner != "" && owner != v.user.ID {
		return task.Errorf(task.CodeUnauthorized, "somebody else is logged in")
	}
	// A form has been read by now; one with a file is checked by upload.
	return v.checkAccount(cmp.Or(r.PostForm.Get(accountField), r.Header.Get(account.Header)))
}

// checkAccount refuses an account that is not the visitor's. A page of an older version names none.
func (v *visit) checkAccount(named string) error {
	id, email, _ := strings.Cut(named, " ")
	if id == "" || id == v.user.ID {
		return nil
	}
	return &server.StatusError{Status: http.StatusForbidden, Code: account.CodeOther,
		Detail: "this page belongs to " + cmp.Or(email, "another account") + "; you are now logged in as " + v.user.Email + ". Nothing was changed"}
}

// typedField is a text that was sent by a form that could not be done.
type typedField struct{ Name, Text string }

// typedFields returns the texts that somebody typed into a form, so that they are not lost with its page. What is chosen or secret is
// left out.
func typedFields(r *http.Request) []typedField {
	var typed []typedField
	for _, name := range []string{"line", "title", "description", "tags", "name", "url"} {
		if text := r.PostForm.Get(name); strings.TrimSpace(text) != "" {
			typed = append(typed, typedField{map[string]string{"line": "Task", "title": "Title", "description": "Notes", "tags": "Tags", "name": "Name", "url": "URL"}[name], text})
		}
	}
	return typed
}
