package main

import (
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"taskmaster/internal/account"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// told is what somebody is told of an error.
type told struct {
	Text string
	// LogIn says that the way out is to log in.
	LogIn bool
	// Typed is what was typed into a form that could not be done, for a browser that left its page for this answer.
	Typed []typedField
}

// fail answers an error: who is not logged in is sent to log in, anybody else is told what is wrong.
func (w *web) fail(rw http.ResponseWriter, r *http.Request, err error) {
	if keptChange(r) {
		server.WriteError(rw, r, w.log, err)
		return
	}
	loggedOut := task.ErrorCode(err) == task.CodeUnauthorized
	if loggedOut && (r.Method == http.MethodGet || !fromHTMX(r)) {
		to := "/enter"
		if here := r.URL.RequestURI(); r.Method == http.MethodGet && here != "/today" {
			to += "?next=" + url.QueryEscape(here)
		}
		http.Redirect(rw, r, to, http.StatusSeeOther)
		return
	}
	p := w.explain(rw, r, err)
	if p.Status == 0 {
		return // the visitor is gone
	}
	answer := page{Name: "problem", Title: heading(p), Body: told{sentence(p), loggedOut, typedFields(r)}}
	if fromHTMX(r) && (r.Method != http.MethodGet || p.Status != http.StatusNotFound) {
		// What is shown and what was typed stay where they are, and it is told beside them.
		rw.Header().Set("HX-Retarget", "#problem")
		rw.Header().Set("HX-Reswap", "innerHTML")
		rw.Header().Set("HX-Push-Url", "false")
		answer.Name = "told"
	}
	if r.Header.Get(refreshHeader) != "" && p.Status != http.StatusNotFound {
		rw.Header().Set("HX-Reswap", "none") // nobody asked for anything
	}
	if err := w.show(rw, r, p.Status, answer); err != nil {
		server.WriteError(rw, r, w.log, err)
	}
}

// heading says what kind of thing went wrong.
func heading(p server.Problem) string {
	if p.Code == account.CodeOther {
		return "Somebody else is logged in"
	}
	switch p.Status {
	case http.StatusNotFound:
		return "There is nothing here"
	case http.StatusUnauthorized:
		return "You are not logged in any more"
	case http.StatusForbidden:
		return "That is not allowed"
	case http.StatusPreconditionFailed, http.StatusConflict:
		return "It was changed elsewhere"
	case http.StatusUnprocessableEntity, http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return "That cannot be done"
	case http.StatusTooManyRequests:
		return "Too much at once"
	case http.StatusServiceUnavailable:
		return "Not reachable right now"
	case http.StatusInsufficientStorage:
		return "Nothing was saved"
	case http.StatusGatewayTimeout:
		return "Perhaps it was saved, perhaps not"
	}
	return "Something went wrong"
}

// sentence says a problem as a person would.
func sentence(p server.Problem) string {
	parts := []string{p.Detail}
	if len(p.Errors) > 0 {
		parts = nil
	}
	for _, field := range p.Errors {
		parts = append(parts, strings.ReplaceAll(strings.ReplaceAll(field.Field, "_", " "), ".", " ")+" "+field.Message)
	}
	for i, part := range parts {
		parts[i] = sentenceOf(part)
	}
	return strings.Join(parts, " ")
}

// sentenceOf makes a sentence of what may begin and end without a capital and a full stop.
func sentenceOf(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(text[size:], ".") + "."
}

// explain is what a person is told of an error.
func (w *web) explain(rw http.ResponseWriter, r *http.Request, err error) server.Problem {
	p := server.Explain(rw, r, w.log, err)
	rw.Header().Del("WWW-Authenticate") // for programs
	return p
}
