package main

import (
	"cmp"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// Two people may share one browser. One of them can log in while a page of the other is still open
// in another tab. Every form therefore names the account its page was made for. Scripts name it in
// the header account.Header. A request for another account is refused, and the typed text is kept.
//
//	template ──withAccount──> <input name="account" value="MARK"> ──show──> value="ID EMAIL" ──POST──> checkAccount

// accountField is the name of the hidden form field that names the account. It also holds the
// e-mail address for the text of a refusal. The API tells nobody the address of another user.
const accountField = "account"

// postForm matches the opening tag of a form that changes something. Forms with method "dialog" and
// search forms change nothing.
var postForm = regexp.MustCompile(`<form\b[^>]*\bmethod="post"[^>]*>`)

// withAccount adds the account field to every form of a template, so that no form can lack it. mark
// is a placeholder for the account.
func withAccount(text, mark string) string {
	return postForm.ReplaceAllString(text, `${0}<input type="hidden" name="`+accountField+`" value="`+mark+`">`)
}

// accountOf returns the value of the account field in the forms of a page.
func accountOf(u *apiv1.Me) string {
	if u == nil {
		return ""
	}
	return template.HTMLEscapeString(u.ID.String() + " " + u.Email)
}

// checkAccount refuses a form or a script request of a page that was made for another account. A
// change that a browser kept offline is refused with code unauthorized. The browser then keeps it
// until its owner logs in again.
func (rc *requestContext) checkAccount(r *http.Request) error {
	if owner := r.Header.Get(offlineChangeHeader); owner != "" && owner != rc.user.ID.String() {
		return task.Errorf(task.CodeUnauthorized, "somebody else is logged in")
	}
	// The form has been parsed by now. The upload adapter checks forms with a file.
	return rc.checkNamedAccount(cmp.Or(r.PostForm.Get(accountField), r.Header.Get(account.Header)))
}

// checkNamedAccount refuses an account other than the user's. A page of an older version names no
// account and passes.
func (rc *requestContext) checkNamedAccount(named string) error {
	id, email, _ := strings.Cut(named, " ")
	if id == "" || id == rc.user.ID.String() {
		return nil
	}
	return &server.StatusError{Status: http.StatusForbidden, Code: account.CodeOther,
		Detail: "this page belongs to " + cmp.Or(email, "another account") + "; you are now logged in as " + rc.user.Email + ". Nothing was changed"}
}

// typedField is the text of one field of a form that was refused.
type typedField struct{ Name, Text string }

// typedFields returns the texts that somebody typed into a form, so that they are not lost with its
// page. It leaves out choices and secrets.
func typedFields(r *http.Request) []typedField {
	var typed []typedField
	for _, name := range []string{"line", "title", "description", "tags", "name", "url"} {
		if text := r.PostForm.Get(name); strings.TrimSpace(text) != "" {
			typed = append(typed, typedField{map[string]string{"line": "Task", "title": "Title", "description": "Notes", "tags": "Tags", "name": "Name", "url": "URL"}[name], text})
		}
	}
	return typed
}
