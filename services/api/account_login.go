package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/delivery"
	"taskmaster/internal/phrase"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// A session in use is extended. An unused one expires.
const (
	// sessionIdle is the lifetime of a session that is not used.
	sessionIdle = 30 * 24 * time.Hour
	// sessionLife is the lifetime of a session from login, however often it is used.
	sessionLife = 180 * 24 * time.Hour
	// sessionRenewal is the least extension that is written. Without it, every request would write
	// to the database.
	sessionRenewal = time.Hour
)

// newUser returns a user as the API shows it.
func newUser(u postgres.User) apiv1.User {
	return apiv1.User{ID: u.ID, Email: u.Email, TimeZone: u.TimeZone, WeekStart: u.WeekStart, Language: u.Language, LineSigns: u.LineSigns, CreatedAt: u.CreatedAt, Revision: u.Revision, Epoch: u.Epoch,
		DefaultReminders: u.DefaultReminders(), EmailConfirmed: u.ConfirmedAt != nil, Admin: u.Admin}
}

// signup creates an account and logs the user in. It returns code conflict when the address has an
// account.
func (s *service) signup(w http.ResponseWriter, r *http.Request) (err error) {
	var in apiv1.SignUp
	var u postgres.User
	defer func() {
		s.logSecurity(r, eventSignup, u.ID, err, slog.String("account", s.pseudonym("account", in.Email)))
	}()
	if err := s.access.signups.Allow("address "+s.clientAddr(r), s.now()); err != nil {
		return err
	}
	if err := s.readCredentials(w, r, &in, &in.Email); err != nil {
		return err
	}
	if err := s.access.signups.Allow("email "+in.Email, s.now()); err != nil {
		return err
	}
	if err := checkPassword("password", in.Password, in.Email); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	invitation, err := s.admitSignup(ctx, in)
	if err != nil {
		return err
	}
	leave, err := s.hasher.admit()
	if err != nil {
		return err
	}
	defer leave()
	hash, err := s.hasher.hash(ctx, in.Password)
	if err != nil {
		return err
	}
	u = postgres.User{ID: uuid.Must(uuid.NewV7()), Email: in.Email, PasswordHash: hash, CreatedAt: s.instant(),
		TimeZone: cmp.Or(in.TimeZone, "UTC"), WeekStart: cmp.Or(in.WeekStart, postgres.WeekMonday),
		Language: cmp.Or(in.Language, phrase.AcceptLanguage(r.Header.Get("Accept-Language")), "en"), LineSigns: apiv1.SignsOwn}
	var started startedSession
	err = s.db.InTx(ctx, func(tx pgx.Tx) error {
		if invitation != nil {
			u.Admin = invitation.Purpose == postgres.LinkSetup
			if invitation.Purpose == postgres.LinkSignup {
				u.ConfirmedAt = &u.CreatedAt // the link was in an e-mail to the address
			}
			if err := postgres.UseLink(ctx, tx, *invitation, u.CreatedAt); err != nil {
				return err
			}
		}
		if err := postgres.InsertUser(ctx, tx, u); err != nil {
			return err
		}
		if u.Epoch, err = postgres.Epoch(ctx, tx); err != nil {
			return err
		}
		if err := s.deliveries.AskConfirmation(ctx, tx, u.ID, u.Email, u.CreatedAt); err != nil {
			return err
		}
		started, err = s.startSession(ctx, tx, r, u.ID)
		return err
	})
	if err != nil {
		return err
	}
	s.deliveriesQueued()
	started.setCookies(w)
	return server.Encode(w, http.StatusCreated, newUser(u))
}

// login starts a session. It returns code unauthorized when there is no such account or the
// password is wrong. Both take the same time, so that nobody learns which addresses have an
// account.
func (s *service) login(w http.ResponseWriter, r *http.Request) (err error) {
	var in apiv1.Credentials
	var u postgres.User
	var started startedSession
	defer func() {
		s.logSecurity(r, eventLogin, u.ID, err, slog.String("account", s.pseudonym("account", in.Email)), slog.Bool("new_device", started.newDevice))
	}()
	hasher, err := s.admitLogin(w, r, &in)
	if err != nil {
		return err
	}
	leave, err := hasher.admit()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()

	err = s.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		u, err = postgres.UserByEmail(ctx, tx, in.Email)
		return err
	})
	if task.ErrorCode(err) == task.CodeNotFound {
		u, err = postgres.User{PasswordHash: hasher.decoy}, nil
	}
	if err != nil {
		return err
	}
	ok, err := hasher.verify(ctx, in.Password, u.PasswordHash)
	if err != nil {
		return err
	}
	if !ok {
		return errWrongLogin
	}
	if u.DisabledAt != nil {
		return errDisabled
	}
	hash := u.PasswordHash
	if hasher.outdated(hash) {
		if hash, err = hasher.hash(ctx, in.Password); err != nil {
			return err
		}
	}

	err = s.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		if u, err = lockUnchanged(ctx, tx, u, postgres.LockUser); err != nil {
			return err
		}
		if hash != u.PasswordHash {
			u.PasswordHash = hash
			if err := postgres.UpdateUser(ctx, tx, u); err != nil {
				return err
			}
		}
		started, err = s.startSession(ctx, tx, r, u.ID)
		if err != nil || !started.newDevice {
			return err
		}
		return s.deliveries.Notify(ctx, tx, u, delivery.NoticeDevice, userAgent(r), s.instant())
	})
	if err != nil {
		return err
	}
	s.deliveriesQueued()
	started.setCookies(w)
	return server.Encode(w, http.StatusOK, newUser(u))
}

// errDisabled is told only to somebody with the right password.
var errDisabled = task.Errorf(task.CodeForbidden, "this account is disabled: ask the operator of this server")

var errWrongLogin = task.Errorf(task.CodeUnauthorized, "there is no account with this e-mail address and password")

// logout ends the browser's session, if it has one, and deletes the cookie.
func (s *service) logout(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() { s.logSecurity(r, eventLogout, uuid.Nil, err) }()
	if cookie := account.SessionCookie(r); cookie != nil {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		err := s.db.InTx(ctx, func(tx pgx.Tx) error { return postgres.DeleteSession(ctx, tx, account.Hash(cookie.Value)) })
		if err != nil {
			return err
		}
	}
	http.SetCookie(w, s.cookie("", -1))
	s.forgetOldCookie(w, r)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readCredentials reads and checks a body. email points into body and is normalized.
func (s *service) readCredentials(w http.ResponseWriter, r *http.Request, body any, email *string) error {
	if _, err := s.decode(w, r, body); err != nil {
		return err
	}
	normal, refused := account.NormalizeEmail(*email)
	if refused != "" {
		return task.Invalid("email", refused)
	}
	*email = normal
	return server.Validate(body)
}

// clientAddr returns the address of the sender of a request.
func (s *service) clientAddr(r *http.Request) string { return server.ClientAddr(r, s.access.proxies) }

// startedSession is a login: the cookies of the browser.
type startedSession struct {
	cookies []*http.Cookie
	// newDevice reports whether the browser has not logged in to this account before.
	newDevice bool
}

func (s startedSession) setCookies(w http.ResponseWriter) {
	for _, cookie := range s.cookies {
		http.SetCookie(w, cookie)
	}
}

// startSession logs a user in and ends the previous session of the browser. If the same user had
// registered the browser for push, it stays registered. The browser is then a known device of the
// account.
func (s *service) startSession(ctx context.Context, tx pgx.Tx, r *http.Request, userID uuid.UUID) (startedSession, error) {
	secret, now := account.NewSession(), s.instant()
	id, err := uuid.NewV7()
	if err != nil {
		return startedSession{}, fmt.Errorf("make session id: %w", err)
	}
	started := postgres.Session{
		ID: id, TokenHash: account.Hash(secret), UserID: userID, UserAgent: userAgent(r), CreatedAt: now, ExpiresAt: sessionEnd(now, now),
	}
	if err := postgres.InsertSession(ctx, tx, started); err != nil {
		return startedSession{}, err
	}
	if cookie := account.SessionCookie(r); cookie != nil {
		old, err := postgres.SessionByHash(ctx, tx, account.Hash(cookie.Value))
		if err == nil {
			err = postgres.MoveBrowser(ctx, tx, old, started)
		}
		if err == nil {
			err = postgres.DeleteSession(ctx, tx, old.TokenHash)
		}
		if err != nil && task.ErrorCode(err) != task.CodeNotFound {
			return startedSession{}, err
		}
	}
	device, known, err := s.rememberDevice(ctx, tx, r, userID, now)
	return startedSession{cookies: []*http.Cookie{s.cookie(secret, int(sessionIdle.Seconds())), device}, newDevice: !known}, err
}

// sessionEnd returns the expiry of a session that was last used at usedAt.
func sessionEnd(createdAt, usedAt time.Time) time.Time {
	end := usedAt.Add(sessionIdle)
	if last := createdAt.Add(sessionLife); end.After(last) {
		return last
	}
	return end
}

// renewSession extends a session in use, in the database and in the browser. A cookie of the version
// before gets its new name.
func (s *service) renewSession(ctx context.Context, w http.ResponseWriter, r *http.Request, c caller) error {
	now := s.instant()
	end := sessionEnd(c.Session.CreatedAt, now)
	if end.Sub(c.Session.ExpiresAt) < sessionRenewal {
		if account.SessionCookie(r).Name != account.SessionCookieName(s.cfg.CookieSecure) {
			http.SetCookie(w, s.cookie(c.Credential, int(c.Session.ExpiresAt.Sub(now).Seconds())))
			s.forgetOldCookie(w, r)
		}
		return nil
	}
	err := s.db.InTx(ctx, func(tx pgx.Tx) error { return postgres.RenewSession(ctx, tx, c.Session.TokenHash, end) })
	if code := task.ErrorCode(err); code == task.CodeDiskFull || code == task.CodeOutcomeUnknown {
		return nil // The next request renews it. Reading tasks must not fail because of a full disk.
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, s.cookie(c.Credential, int(end.Sub(now).Seconds())))
	s.forgetOldCookie(w, r)
	return nil
}

// forgetOldCookie deletes a session cookie of the version before, which lacks the prefix.
func (s *service) forgetOldCookie(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(account.CookieName); err != nil || !s.cfg.CookieSecure {
		return
	}
	old := s.cookie("", -1)
	old.Name = account.CookieName
	http.SetCookie(w, old)
}

// cookie returns the session cookie. A maxAge below 0 deletes it in the browser.
func (s *service) cookie(secret string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: account.SessionCookieName(s.cfg.CookieSecure), Value: secret, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.cfg.CookieSecure, SameSite: http.SameSiteLaxMode,
	}
}

// instant returns the current time in UTC, in the precision of the database.
func (s *service) instant() time.Time { return s.now().UTC().Truncate(time.Microsecond) }
