package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// A session in use goes on. A forgotten one ends by itself.
const (
	// sessionIdle is how long a session lasts without use.
	sessionIdle = 30 * 24 * time.Hour
	// sessionLife is how long a session lasts from login on, however much it is used.
	sessionLife = 180 * 24 * time.Hour
	// sessionRenewal is how much later a session has to end for its renewal to be written.
	sessionRenewal = time.Hour
)

// signupInput asks for an address, of which neither the case nor spaces around it matter.
type signupInput struct {
	Email    string `json:"email" validate:"required,email,max=254"`
	Password string `json:"password" validate:"required,min=8,max=256"`
	// TimeZone is where the user's tasks are due, unless they say otherwise; "" is UTC.
	TimeZone string `json:"time_zone" validate:"omitempty,timezone"`
	// WeekStart is the first day of the user's week; "" is monday.
	WeekStart string `json:"week_start" validate:"omitempty,oneof=monday sunday saturday"`
}

type loginInput struct {
	Email    string `json:"email" validate:"required,email,max=254"`
	Password string `json:"password" validate:"required,max=256"`
}

// userBody is a user as the API shows them.
type userBody struct {
	ID        uuid.UUID `json:"id"`
	Email     string    `json:"email"`
	TimeZone  string    `json:"time_zone"`
	WeekStart string    `json:"week_start"`
	CreatedAt time.Time `json:"created_at"`
	Revision  int64     `json:"revision"`
	Epoch     string    `json:"epoch"`
}

func newUserBody(u postgres.User) userBody {
	return userBody{ID: u.ID, Email: u.Email, TimeZone: u.TimeZone, WeekStart: u.WeekStart, CreatedAt: u.CreatedAt, Revision: u.Revision, Epoch: u.Epoch}
}

// signup makes an account and logs in. Code conflict when the address has one.
func (a *api) signup(w http.ResponseWriter, r *http.Request) error {
	var in signupInput
	if err := a.readCredentials(w, r, a.gate.signups, &in, &in.Email); err != nil {
		return err
	}
	leave, err := a.hasher.admit()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	hash, err := a.hasher.hash(ctx, in.Password)
	if err != nil {
		return err
	}
	u := postgres.User{ID: uuid.Must(uuid.NewV7()), Email: in.Email, PasswordHash: hash, CreatedAt: a.instant(),
		TimeZone: cmp.Or(in.TimeZone, "UTC"), WeekStart: cmp.Or(in.WeekStart, postgres.WeekMonday)}
	var cookie *http.Cookie
	err = a.db.InTx(ctx, func(tx pgx.Tx) error {
		if err := postgres.InsertUser(ctx, tx, u); err != nil {
			return err
		}
		if u.Epoch, err = postgres.Epoch(ctx, tx); err != nil {
			return err
		}
		cookie, err = a.startSession(ctx, tx, r, u.ID)
		return err
	})
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie)
	return server.Encode(w, http.StatusCreated, newUserBody(u))
}

// login starts a session. Code unauthorized, after the same time, when there is no such account or the password is wrong.
func (a *api) login(w http.ResponseWriter, r *http.Request) error {
	var in loginInput
	if err := a.readCredentials(w, r, a.gate.logins, &in, &in.Email); err != nil {
		return err
	}
	leave, err := a.hasher.admit()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()

	var u postgres.User
	err = a.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		u, err = postgres.UserByEmail(ctx, tx, in.Email)
		return err
	})
	if task.ErrorCode(err) == task.CodeNotFound {
		u, err = postgres.User{PasswordHash: a.hasher.decoy}, nil
	}
	if err != nil {
		return err
	}
	ok, err := a.hasher.verify(ctx, in.Password, u.PasswordHash)
	if err != nil {
		return err
	}
	if !ok {
		return errWrongLogin
	}
	hash := u.PasswordHash
	if a.hasher.outdated(hash) {
		if hash, err = a.hasher.hash(ctx, in.Password); err != nil {
			return err
		}
	}

	var cookie *http.Cookie
	err = a.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		if u, err = lockUnchanged(ctx, tx, u, postgres.LockUser); err != nil {
			return err
		}
		if hash != u.PasswordHash {
			u.PasswordHash = hash
			if err := postgres.UpdateUser(ctx, tx, u); err != nil {
				return err
			}
		}
		cookie, err = a.startSession(ctx, tx, r, u.ID)
		return err
	})
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie)
	return server.Encode(w, http.StatusOK, newUserBody(u))
}

var errWrongLogin = task.Errorf(task.CodeUnauthorized, "there is no account with this e-mail address and password")

// logout ends the browser's session, if it has one, and makes the browser forget it.
func (a *api) logout(w http.ResponseWriter, r *http.Request) error {
	if cookie, err := r.Cookie(account.CookieName); err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		err := a.db.InTx(ctx, func(tx pgx.Tx) error { return postgres.DeleteSession(ctx, tx, account.Hash(cookie.Value)) })
		if err != nil {
			return err
		}
	}
	http.SetCookie(w, a.cookie("", -1))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readCredentials reads and checks a body, within the rate for the sender's address and then for the e-mail address, which
// is thus protected from many senders too. email is in the body, and is normalized afterwards.
func (a *api) readCredentials(w http.ResponseWriter, r *http.Request, rate *server.Limiter, body any, email *string) error {
	if err := rate.Allow("address "+server.ClientAddr(r, a.gate.proxies), a.now()); err != nil {
		return err
	}
	if _, err := a.decode(w, r, body); err != nil {
		return err
	}
	normal, refused := account.NormalizeEmail(*email)
	if refused != "" {
		return task.Invalid("email", refused)
	}
	*email = normal
	if err := server.Validate(body); err != nil {
		return err
	}
	return rate.Allow("email "+*email, a.now())
}

// startSession logs a user in and ends the session that the browser had before. The browser stays the user's channel if it was.
func (a *api) startSession(ctx context.Context, tx pgx.Tx, r *http.Request, userID uuid.UUID) (*http.Cookie, error) {
	secret, now := account.NewSession(), a.instant()
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make session id: %w", err)
	}
	s := postgres.Session{ID: id, TokenHash: account.Hash(secret), UserID: userID, UserAgent: userAgent(r), CreatedAt: now, ExpiresAt: sessionEnd(now, now)}
	if err := postgres.InsertSession(ctx, tx, s); err != nil {
		return nil, err
	}
	if cookie, err := r.Cookie(account.CookieName); err == nil {
		old, err := postgres.SessionByHash(ctx, tx, account.Hash(cookie.Value))
		if err == nil {
			err = postgres.MoveBrowser(ctx, tx, old, s)
		}
		if err == nil {
			err = postgres.DeleteSession(ctx, tx, old.TokenHash)
		}
		if err != nil && task.ErrorCode(err) != task.CodeNotFound {
			return nil, err
		}
	}
	return a.cookie(secret, int(sessionIdle.Seconds())), nil
}

// sessionEnd returns when a session ends unless it is used again.
func sessionEnd(createdAt, usedAt time.Time) time.Time {
	end := usedAt.Add(sessionIdle)
	if last := createdAt.Add(sessionLife); end.After(last) {
		return last
	}
	return end
}

// renewSession lets a session that is used end later, in the database and in the browser.
func (a *api) renewSession(ctx context.Context, w http.ResponseWriter, c caller) error {
	now := a.instant()
	end := sessionEnd(c.Session.CreatedAt, now)
	if end.Sub(c.Session.ExpiresAt) < sessionRenewal {
		return nil
	}
	err := a.db.InTx(ctx, func(tx pgx.Tx) error { return postgres.RenewSession(ctx, tx, c.Session.TokenHash, end) })
	if code := task.ErrorCode(err); code == task.CodeDiskFull || code == task.CodeOutcomeUnknown {
		return nil // the next request renews it; stored tasks can be read meanwhile
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, a.cookie(c.Credential, int(end.Sub(now).Seconds())))
	return nil
}

// cookie makes the session's cookie; a maxAge below 0 makes the browser forget it.
func (a *api) cookie(secret string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: account.CookieName, Value: secret, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: a.cfg.CookieSecure, SameSite: http.SameSiteLaxMode,
	}
}

// instant is the present as the database keeps it.
func (a *api) instant() time.Time { return a.now().UTC().Truncate(time.Microsecond) }
