package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// notice is what a page says once about what was just done, with a way to undo it.
type notice struct {
	Text string `json:"text"`
	// Undo is a path of ours to which a form is sent to undo it; "" when that is not possible.
	Undo string `json:"undo,omitempty"`
}

// noticeCookie carries a notice over the redirect that follows a form.
const noticeCookie = "taskmaster_notice"

// done ends a form: the browser goes to a page of ours, which shows a notice.
func (w *web) done(rw http.ResponseWriter, r *http.Request, to string, n notice) error {
	if keptChange(r) {
		rw.WriteHeader(http.StatusNoContent)
		return nil
	}
	raw, err := json.Marshal(n)
	if err == nil && n.Text != "" {
		http.SetCookie(rw, w.noticeCookie(base64.RawURLEncoding.EncodeToString(raw), 60))
	}
	http.Redirect(rw, r, to, http.StatusSeeOther)
	return nil
}

// takeNotice returns what is to be said, once. A page that is fetched only because something changed leaves it alone.
func (w *web) takeNotice(rw http.ResponseWriter, r *http.Request) *notice {
	cookie, err := r.Cookie(noticeCookie)
	if err != nil || r.Header.Get(refreshHeader) != "" {
		return nil
	}
	http.SetCookie(rw, w.noticeCookie("", -1))
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return nil
	}
	var n notice
	if json.Unmarshal(raw, &n) != nil {
		return nil
	}
	if _, ok := localPath(n.Undo); n.Undo != "" && !ok {
		n.Undo = ""
	}
	return &n
}

// refreshHeader marks a request by which a page that is shown is brought up to date.
const refreshHeader = "Taskmaster-Refresh"

func (w *web) noticeCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: noticeCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: strings.HasPrefix(w.cfg.PublicURL, "https://"), SameSite: http.SameSiteLaxMode,
	}
}

// quoted is a title within a sentence, cut when it is long.
func quoted(title string) string {
	const most = 60
	if runes := []rune(title); len(runes) > most {
		title = string(runes[:most]) + "…"
	}
	return "“" + title + "”"
}
