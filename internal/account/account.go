// Package account says who sent a request. A person's browser shows a session in a cookie; a program shows an API token as
// Authorization: Bearer. Both are 32 random bytes of which the database keeps the SHA-256 alone: they are too long to be
// guessed from it, so a slow hash would protect nothing and cost every request.
//
//	browser --Cookie: taskmaster_session--> sessions --+
//	                                                   +--> Caller{UserID, Scopes}
//	program --Authorization: Bearer tm_...--> tokens --+
package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// The scopes of a token. None includes another.
const (
	ScopeTasksRead  = "tasks:read"
	ScopeTasksWrite = "tasks:write"
	// ScopeAccount is for the account itself: its settings, tokens and channels.
	ScopeAccount = "account"
)

// CookieName is the cookie that holds a browser's session.
const CookieName = "taskmaster_session"

// Header names the account that a page was made for. A request of a session of another account is refused: a page that was left
// open in a browser must not act for the person who logged in there since.
const Header = "Taskmaster-Account"

// CodeOther refuses a request of a page that was made for another account.
const CodeOther task.Code = "other_account"

// tokenPrefix starts every API token, so that scanners for leaked secrets can tell what it is.
const tokenPrefix = "tm_"

// Scopes returns all scopes, which are what a session has.
func Scopes() []string { return []string{ScopeTasksRead, ScopeTasksWrite, ScopeAccount} }

// ErrNotValid refuses a credential that is unknown, was revoked or has expired, and one of a deleted account.
var ErrNotValid = task.Errorf(task.CodeUnauthorized, "the session or API token is not valid, or no longer")

// Caller is who sent a request, and what they may do.
type Caller struct {
	UserID uuid.UUID
	Scopes []string
	// Session is the caller's session; nil when the caller is a token.
	Session *postgres.Session
	// ExpiresAt is when the token stops working; nil is never, and for a session.
	ExpiresAt *time.Time
	// Credential is the session or token itself. It is only for deriving keys and must not be stored, logged or sent on.
	Credential string
	// Epoch names the history which revisions are of at the time of the request.
	Epoch string
}

// SessionHash returns the key of the caller's session in the database; nil when the caller is a token.
func (c Caller) SessionHash() []byte {
	if c.Session == nil {
		return nil
	}
	return c.Session.TokenHash
}

// Can says whether the caller has a scope.
func (c Caller) Can(scope string) bool { return slices.Contains(c.Scopes, scope) }

// Authenticate finds out who sent a request. An Authorization header alone decides when there is one, else the session
// cookie. The credential is looked up each time, so what has been revoked or has expired by now is refused: code
// unauthorized, as when there is none. Code unavailable when the database is overloaded or away.
func Authenticate(ctx context.Context, db *postgres.DB, r *http.Request, now time.Time) (Caller, error) {
	credential, isToken := credentialOf(r)
	if credential == "" {
		return Caller{}, task.Errorf(task.CodeUnauthorized, "log in, or send an API token as Authorization: Bearer")
	}
	c := Caller{Credential: credential}
	err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
		if c.Epoch, err = postgres.Epoch(ctx, tx); err != nil {
			return err
		}
		if isToken {
			var t postgres.Token
			t, err = postgres.TokenByHash(ctx, tx, Hash(credential), now)
			c.UserID, c.Scopes, c.ExpiresAt = t.UserID, t.Scopes, t.ExpiresAt
			return err
		}
		s, err := postgres.UseSession(ctx, tx, Hash(credential), now)
		c.UserID, c.Scopes, c.Session = s.UserID, Scopes(), &s
		return err
	})
	if task.ErrorCode(err) == task.CodeNotFound {
		return Caller{}, ErrNotValid
	}
	if task.ErrorCode(err) == task.CodeOutcomeUnknown {
		// All that it stores is when the credential was used last.
		return Caller{}, task.RetryLater(task.CodeUnavailable, time.Second, "the database is away, try again shortly")
	}
	if err != nil {
		return Caller{}, fmt.Errorf("authenticate: %w", err)
	}
	return c, nil
}

// credentialOf returns what a request shows, "" if nothing, and whether it is an API token.
func credentialOf(r *http.Request) (credential string, isToken bool) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", true
		}
		return strings.TrimSpace(token), true
	}
	cookie, err := r.Cookie(CookieName)
	if err != nil {
		return "", false
	}
	return cookie.Value, false
}

// NewSession makes a session's secret for the cookie.
func NewSession() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return base64.RawURLEncoding.EncodeToString(secret)
}

// NewToken makes an API token.
func NewToken() string { return tokenPrefix + NewSession() }

// Hash returns the SHA-256 under which the database keeps a session or token.
func Hash(credential string) []byte {
	sum := sha256.Sum256([]byte(credential))
	return sum[:]
}
