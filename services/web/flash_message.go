package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// flashMessage is shown once, on the page after a change. It may offer to undo the change.
type flashMessage struct {
	Text string `json:"text"`
	// Undo is a path of this site. A form that is sent to it undoes the change. "" means that undo
	// is not possible.
	Undo string `json:"undo,omitempty"`
}

// flashCookie carries a flash message over the redirect that follows a form.
const flashCookie = "taskmaster_notice"

// redirectWithFlash ends a form: the browser goes to another page of this site, which shows the
// message.
func (s *service) redirectWithFlash(w http.ResponseWriter, r *http.Request, to string, n flashMessage) error {
	if isOfflineChange(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	raw, err := json.Marshal(n)
	if err == nil && n.Text != "" {
		http.SetCookie(w, s.flashCookie(base64.RawURLEncoding.EncodeToString(raw), 60))
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// takeFlash returns the flash message and deletes its cookie. A background refresh leaves it for
// the next page.
func (s *service) takeFlash(w http.ResponseWriter, r *http.Request) *flashMessage {
	cookie, err := r.Cookie(flashCookie)
	if err != nil || r.Header.Get(refreshHeader) != "" {
		return nil
	}
	http.SetCookie(w, s.flashCookie("", -1))
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return nil
	}
	var n flashMessage
	if json.Unmarshal(raw, &n) != nil {
		return nil
	}
	if _, ok := localPath(n.Undo); n.Undo != "" && !ok {
		n.Undo = ""
	}
	return &n
}

// refreshHeader marks a background request that brings a shown page up to date.
const refreshHeader = "Taskmaster-Refresh"

func (s *service) flashCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: flashCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: strings.HasPrefix(s.cfg.PublicURL, "https://"), SameSite: http.SameSiteLaxMode,
	}
}

// quoted returns a title in quotation marks for a sentence. Long titles are cut.
func quoted(title string) string {
	const most = 60
	if runes := []rune(title); len(runes) > most {
		title = string(runes[:most]) + "…"
	}
	return "“" + title + "”"
}
