package main

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
	"taskmaster/services/web/client"
)

// accountPage is the page /settings/account.
type accountPage struct {
	User apiv1.Me
	// Timed, Day and DayTime are the default reminders.
	Timed, Day []reminderChoice
	DayTime    string
	Sessions   []shownSession
	Others     int
	// Storage describes the stored bytes and the quota.
	Storage string
	Tokens  []shownToken
	// Connections are the clients that were connected by OAuth.
	Connections []shownConnection
	// Made is the new token after its creation. The page shows its secret once.
	Made    *apiv1.TokenWithSecret
	Refused *refusedForm
}

type shownSession struct {
	ID                 uuid.UUID
	Browser            string
	Current            bool
	LastUsed, LoggedIn moment
}

type shownToken struct {
	ID           uuid.UUID
	Name, Scopes string
	Made         moment
	Expires      *moment
	Expired      bool
}

// storageWords describes the stored bytes of an account and its quota. 0 means no limit.
func storageWords(stored, quota int64) string {
	const mega = 1 << 20
	words := fmt.Sprintf("%.1f MB", float64(stored)/mega)
	if quota > 0 {
		words += fmt.Sprintf(" of %.1f MB", float64(quota)/mega)
	}
	return words
}

type shownConnection struct {
	ID                  uuid.UUID
	Name, Place, Scopes string
	Made, LastUsed      moment
}

func (s *service) accountSettings(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	return s.showAccount(w, r, rc, http.StatusOK, accountPage{})
}

// showAccount completes p with the sessions, clients and tokens, and shows it.
func (s *service) showAccount(w http.ResponseWriter, r *http.Request, rc *requestContext, status int, p accountPage) error {
	sessions, err := client.All[apiv1.Session](r.Context(), rc.Client, "/sessions")
	if err != nil {
		return err
	}
	tokens, err := client.All[apiv1.Token](r.Context(), rc.Client, "/tokens?limit=200")
	if err != nil {
		return err
	}
	connections, err := client.All[apiv1.Connection](r.Context(), rc.Client, "/connections")
	if err != nil {
		return err
	}
	for _, c := range connections {
		p.Connections = append(p.Connections, shownConnection{
			c.ID, c.Name, c.Place, scopeWords(c.Scopes), newMoment(c.CreatedAt, rc.now, rc.zone), newMoment(c.LastUsedAt, rc.now, rc.zone),
		})
	}
	p.User, p.Storage = rc.user, storageWords(rc.user.StoredBytes, rc.user.QuotaBytes)
	p.Timed = timedChoices(rc.user.DefaultReminders)
	p.Day, p.DayTime = dayChoices(rc.user.DefaultReminders)
	for _, session := range sessions {
		if !session.Current {
			p.Others++
		}
		p.Sessions = append(p.Sessions, shownSession{
			ID: session.ID, Browser: browserName(session.UserAgent), Current: session.Current,
			LastUsed: newMoment(session.LastUsedAt, rc.now, rc.zone), LoggedIn: newMoment(session.CreatedAt, rc.now, rc.zone),
		})
	}
	for _, t := range tokens {
		shown := shownToken{ID: t.ID, Name: t.Name, Scopes: scopeWords(t.Scopes), Made: newMoment(t.CreatedAt, rc.now, rc.zone)}
		if t.ExpiresAt != nil {
			shown.Expires, shown.Expired = rc.moment(t.ExpiresAt), !t.ExpiresAt.After(rc.now)
		}
		p.Tokens = append(p.Tokens, shown)
	}
	here := page{Name: "account", Title: "Account", Path: accountPath, Here: accountPath, Body: p, Secret: p.Made != nil}
	return s.showTo(w, r, rc, status, here)
}

const accountPath = "/settings/account"

// refuseAccount shows the page again after a form was refused.
func (s *service) refuseAccount(w http.ResponseWriter, r *http.Request, rc *requestContext, err error, form string, fields ...string) error {
	refused, status, err := s.refuse(w, r, err, form, fields...)
	if err != nil {
		return err
	}
	return s.showAccount(w, r, rc, status, accountPage{Refused: refused})
}

// scopeWords describes the scopes of a token.
func scopeWords(scopes []string) string {
	said := make([]string, len(scopes))
	for i, scope := range scopes {
		said[i] = scopeWord(scope)
	}
	return "May " + strings.Join(said, ", ")
}

// scopeWord describes one scope.
func scopeWord(scope string) string {
	words := map[string]string{"tasks:read": "read tasks", "tasks:write": "change tasks", "account": "change the account"}
	return cmp.Or(words[scope], scope)
}

// saveAccount changes the time zone, the first day of the week, and the language and signs of quick add.
func (s *service) saveAccount(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	in := apiv1.AccountPatch{TimeZone: new(r.PostFormValue("time_zone")), WeekStart: new(r.PostFormValue("week_start"))}
	if language := r.PostFormValue("language"); language != "" {
		in.Language = &language
	}
	if signs := r.PostFormValue("line_signs"); signs != "" {
		in.LineSigns = &signs
	}
	if err := rc.Call(r.Context(), "PATCH", "/me", in, nil); err != nil {
		return s.refuseAccount(w, r, rc, err, "calendar", "time_zone", "week_start", "language", "line_signs")
	}
	return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: "Saved"})
}

// changePassword changes the password. The API then ends all other sessions.
func (s *service) changePassword(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	in := apiv1.AccountPatch{CurrentPassword: new(r.PostFormValue("current_password")), Password: new(r.PostFormValue("password")),
		RevokeTokens: r.PostFormValue("revoke_tokens") != ""}
	if err := rc.Call(r.Context(), "PATCH", "/me", in, nil); err != nil {
		return s.refuseAccount(w, r, rc, err, "password", "current_password", "password")
	}
	text := "The password is changed, and you are logged out everywhere else. API tokens and connected clients still work"
	if in.RevokeTokens {
		text = "The password is changed, and everything else is logged out: browsers, API tokens and connected clients"
	}
	return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: text})
}

// endSession ends a session. If it is the current one, the next page is the login page.
func (s *service) endSession(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	err := rc.Call(r.Context(), "DELETE", client.ItemPath("/sessions", r.PathValue("id")), nil, nil)
	if isGone(err) {
		return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: "That session has ended already"})
	}
	if err != nil {
		return err
	}
	return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: "The session has ended"})
}

func (s *service) endOtherSessions(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	if err := rc.Call(r.Context(), "DELETE", "/sessions", nil, nil); err != nil {
		return err
	}
	return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: "You are logged out everywhere else"})
}

// makeToken creates a token and shows its secret once. A form that is sent again makes no second
// token, and its page says that the secret was shown.
func (s *service) makeToken(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	if len(r.PostForm["scopes"]) == 0 {
		return s.refuseAccount(w, r, rc, task.Invalid("scopes", "are missing: tick at least one"), "token", "name", "scopes")
	}
	in := apiv1.TokenInput{Name: r.PostFormValue("name"), Scopes: r.PostForm["scopes"]}
	if password := r.PostFormValue("password"); password != "" {
		in.Password = &password
	}
	in.NeverExpires = r.PostFormValue("expires") == "never"
	if days, err := time.ParseDuration(r.PostFormValue("expires") + "h"); err == nil && days > 0 {
		// Rounded to the day, so that a repeated form makes the same request.
		in.ExpiresAt = new(rc.now.UTC().Truncate(24 * time.Hour).Add(days).Add(24 * time.Hour))
	}
	var made apiv1.TokenWithSecret
	if err := rc.Call(r.Context(), "POST", "/tokens", in, &made, "Idempotency-Key", r.PostFormValue("key")); err != nil {
		return s.refuseAccount(w, r, rc, err, "token", "name", "scopes", "password")
	}
	return s.showAccount(w, r, rc, http.StatusOK, accountPage{Made: &made})
}

func (s *service) deleteToken(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	err := rc.Call(r.Context(), "DELETE", client.ItemPath("/tokens", r.PathValue("id")), nil, nil)
	if err != nil && !isGone(err) {
		return err
	}
	return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: "The token is revoked"})
}

// removeConnection removes a connected client.
func (s *service) removeConnection(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	err := rc.Call(r.Context(), "DELETE", client.ItemPath("/connections", r.PathValue("id")), nil, nil)
	if err != nil && !isGone(err) {
		return err
	}
	return s.redirectWithFlash(w, r, accountPath, flashMessage{Text: "The client is removed"})
}

// deleteAccount deletes the account after checking its password.
func (s *service) deleteAccount(w http.ResponseWriter, r *http.Request, rc *requestContext) error {
	if err := rc.Call(r.Context(), "DELETE", "/me", apiv1.AccountDeletion{Password: r.PostFormValue("password")}, nil); err != nil {
		return s.refuseAccount(w, r, rc, err, "delete", "password")
	}
	return s.redirectWithFlash(w, r, "/enter", flashMessage{Text: "Your account and everything in it is deleted"})
}
