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

// errorView shows an error to a person.
type errorView struct {
	Text string
	// LogIn reports whether logging in solves the problem.
	LogIn bool
	// Typed holds the texts of the form that failed, for a browser that left its page for this
	// answer.
	Typed []typedField
}

// showError answers with an error. It redirects to the login page when nobody is logged in, and
// shows the error otherwise.
func (s *service) showError(w http.ResponseWriter, r *http.Request, err error) {
	if isOfflineChange(r) {
		server.WriteError(w, r, s.log, err)
		return
	}
	loggedOut := task.ErrorCode(err) == task.CodeUnauthorized
	if loggedOut && (r.Method == http.MethodGet || !fromHTMX(r)) {
		to := "/enter"
		if here := r.URL.RequestURI(); r.Method == http.MethodGet && here != "/today" {
			to += "?next=" + url.QueryEscape(here)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	p := s.explainError(w, r, err)
	if p.Status == 0 {
		return // the client has gone
	}
	answer := page{Name: "error", Title: errorHeading(p), Body: errorView{problemSentence(p), loggedOut, typedFields(r)}}
	if fromHTMX(r) && (r.Method != http.MethodGet || p.Status != http.StatusNotFound) {
		// The view and the typed text stay on the page, and the error is shown beside them.
		w.Header().Set("HX-Retarget", "#problem")
		w.Header().Set("HX-Reswap", "innerHTML")
		w.Header().Set("HX-Push-Url", "false")
		answer.Name = "error_inline"
	}
	if r.Header.Get(refreshHeader) != "" && p.Status != http.StatusNotFound {
		w.Header().Set("HX-Reswap", "none") // a background refresh fails silently
	}
	if err := s.show(w, r, p.Status, answer); err != nil {
		server.WriteError(w, r, s.log, err)
	}
}

// errorHeading returns the heading for a kind of error.
func errorHeading(p server.Problem) string {
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

// problemSentence returns the text of a problem in whole sentences.
func problemSentence(p server.Problem) string {
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

// sentenceOf adds the capital and the full stop that a sentence needs.
func sentenceOf(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimSuffix(text[size:], ".") + "."
}

// explainError returns the problem that a person sees for an error.
func (s *service) explainError(w http.ResponseWriter, r *http.Request, err error) server.Problem {
	p := server.Explain(w, r, s.log, err)
	w.Header().Del("WWW-Authenticate") // only programs use it
	return p
}
