package main

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// accountPage is what /settings/account shows.
type accountPage struct {
	User     user
	Sessions []shownSession
	Others   int
	Tokens   []shownToken
	// Made is a token that was just made, which is shown this once.
	Made    *apiToken
	Refused *refusedForm
}

type shownSession struct {
	ID, Browser        string
	Current            bool
	LastUsed, LoggedIn moment
}

type shownToken struct {
	ID, Name string
	Scopes   string
	Made     moment
	Expires  *moment
	Expired  bool
}

func (w *web) accountSettings(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showAccount(rw, r, v, http.StatusOK, accountPage{})
}

// showAccount shows the page with what a form has to say.
func (w *web) showAccount(rw http.ResponseWriter, r *http.Request, v *visit, status int, p accountPage) error {
	sessions, err := all[apiSession](r.Context(), v.session, "/sessions")
	if err != nil {
		return err
	}
	tokens, err := all[apiToken](r.Context(), v.session, "/tokens?limit=200")
	if err != nil {
		return err
	}
	p.User = v.user
	for _, s := range sessions {
		if !s.Current {
			p.Others++
		}
		p.Sessions = append(p.Sessions, shownSession{ID: s.ID, Browser: browserName(s.UserAgent), Current: s.Current,
			LastUsed: newMoment(s.LastUsedAt, v.now, v.zone), LoggedIn: newMoment(s.CreatedAt, v.now, v.zone)})
	}
	for _, t := range tokens {
		shown := shownToken{ID: t.ID, Name: t.Name, Scopes: scopeWords(t.Scopes), Made: newMoment(t.CreatedAt, v.now, v.zone)}
		if t.ExpiresAt != nil {
			shown.Expires, shown.Expired = v.moment(t.ExpiresAt), !t.ExpiresAt.After(v.now)
		}
		p.Tokens = append(p.Tokens, shown)
	}
	here := page{Name: "account", Title: "Account", Path: accountPath, Here: accountPath, Body: p, Secret: p.Made != nil}
	return w.showTo(rw, r, v, status, here)
}

const accountPath = "/settings/account"

// refuseAccount shows the page again when a form of it was refused.
func (w *web) refuseAccount(rw http.ResponseWriter, r *http.Request, v *visit, err error, form string, fields ...string) error {
	refused, status, err := w.refuse(rw, r, err, form, fields...)
	if err != nil {
		return err
	}
	return w.showAccount(rw, r, v, status, accountPage{Refused: refused})
}

// scopeWords says what a token may do.
func scopeWords(scopes []string) string {
	words := map[string]string{"tasks:read": "read tasks", "tasks:write": "change tasks", "account": "change the account"}
	said := make([]string, len(scopes))
	for i, scope := range scopes {
		said[i] = cmp.Or(words[scope], scope)
	}
	return "May " + strings.Join(said, ", ")
}

// saveAccount changes the time zone and the first day of the week.
func (w *web) saveAccount(rw http.ResponseWriter, r *http.Request, v *visit) error {
	in := map[string]string{"time_zone": r.PostFormValue("time_zone"), "week_start": r.PostFormValue("week_start")}
	if err := v.call(r.Context(), "PATCH", "/me", in, nil); err != nil {
		return w.refuseAccount(rw, r, v, err, "calendar", "time_zone", "week_start")
	}
	return w.done(rw, r, accountPath, notice{Text: "Saved"})
}

// changePassword ends all other sessions too.
func (w *web) changePassword(rw http.ResponseWriter, r *http.Request, v *visit) error {
	in := map[string]string{"current_password": r.PostFormValue("current_password"), "password": r.PostFormValue("password")}
	if err := v.call(r.Context(), "PATCH", "/me", in, nil); err != nil {
		return w.refuseAccount(rw, r, v, err, "password", "current_password", "password")
	}
	return w.done(rw, r, accountPath, notice{Text: "The password is changed, and you are logged out everywhere else"})
}

// endSession logs a browser out; when it is this one, the next page is the one to log in.
func (w *web) endSession(rw http.ResponseWriter, r *http.Request, v *visit) error {
	err := v.call(r.Context(), "DELETE", itemPath("/sessions", r.PathValue("id")), nil, nil)
	if isGone(err) {
		return w.done(rw, r, accountPath, notice{Text: "That session has ended already"})
	}
	if err != nil {
		return err
	}
	return w.done(rw, r, accountPath, notice{Text: "The session has ended"})
}

func (w *web) endOtherSessions(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if err := v.call(r.Context(), "DELETE", "/sessions", nil, nil); err != nil {
		return err
	}
	return w.done(rw, r, accountPath, notice{Text: "You are logged out everywhere else"})
}

// makeToken shows the token this once; sent again, the form shows the same.
func (w *web) makeToken(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if len(r.PostForm["scopes"]) == 0 {
		return w.refuseAccount(rw, r, v, task.Invalid("scopes", "are missing: tick what it may do"), "token", "name", "scopes")
	}
	in := map[string]any{"name": r.PostFormValue("name"), "scopes": append([]string{}, r.PostForm["scopes"]...)}
	if days, err := time.ParseDuration(r.PostFormValue("expires") + "h"); err == nil && days > 0 {
		// To the day, so that a form that is sent again asks for the same.
		in["expires_at"] = v.now.UTC().Truncate(24 * time.Hour).Add(days).Add(24 * time.Hour)
	}
	var made apiToken
	if err := v.call(r.Context(), "POST", "/tokens", in, &made, "Idempotency-Key", r.PostFormValue("key")); err != nil {
		return w.refuseAccount(rw, r, v, err, "token", "name", "scopes")
	}
	return w.showAccount(rw, r, v, http.StatusOK, accountPage{Made: &made})
}

func (w *web) deleteToken(rw http.ResponseWriter, r *http.Request, v *visit) error {
	err := v.call(r.Context(), "DELETE", itemPath("/tokens", r.PathValue("id")), nil, nil)
	if err != nil && !isGone(err) {
		return err
	}
	return w.done(rw, r, accountPath, notice{Text: "The token is revoked"})
}

// deleteAccount deletes everything, with the password.
func (w *web) deleteAccount(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if err := v.call(r.Context(), "DELETE", "/me", map[string]string{"password": r.PostFormValue("password")}, nil); err != nil {
		return w.refuseAccount(rw, r, v, err, "delete", "password")
	}
	return w.done(rw, r, "/enter", notice{Text: "Your account and everything in it is deleted"})
}
