// Package account authenticates requests. A browser sends a session in a cookie. A program sends an
// API token as Authorization: Bearer. Both are 32 random bytes, of which the database keeps only
// the SHA-256. They are too long to be guessed from the hash. A slow hash would protect nothing and
// cost every request.
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

// The scopes of a token. No scope includes another.
const (
	ScopeTasksRead  = "tasks:read"
	ScopeTasksWrite = "tasks:write"
	// ScopeAccount is the scope of the account itself: its settings, tokens and channels.
	ScopeAccount = "account"
)

// CookieName is the name of the cookie with a browser's session where there is no https.
const CookieName = "taskmaster_session"

// deviceName is the name of the cookie with the token of a device. A device that has logged in to an
// account goes first at its next login.
const deviceName = "taskmaster_device"

// hostPrefix makes a browser refuse a cookie that a sibling domain or a page without https sets
// (RFC 6265bis, section 4.1.3.2).
const hostPrefix = "__Host-"

// SessionCookieName returns the name of the session cookie. secure reports whether https is used.
func SessionCookieName(secure bool) string { return hostName(CookieName, secure) }

// DeviceCookieName returns the name of the device cookie. secure reports whether https is used.
func DeviceCookieName(secure bool) string { return hostName(deviceName, secure) }

func hostName(name string, secure bool) string {
	if secure {
		return hostPrefix + name
	}
	return name
}

// SessionCookie returns the session cookie of a request, or nil. With https, a browser of the version
// before sends the name without prefix. It gets the other name with its next answer.
func SessionCookie(r *http.Request) *http.Cookie { return cookieOf(r, CookieName) }

// DeviceCookie returns the device cookie of a request, or nil.
func DeviceCookie(r *http.Request) *http.Cookie { return cookieOf(r, deviceName) }

// cookieOf returns the cookie with a name, and rather the one with hostPrefix.
func cookieOf(r *http.Request, name string) *http.Cookie {
	for _, secure := range []bool{true, false} {
		if cookie, err := r.Cookie(hostName(name, secure)); err == nil && cookie.Value != "" {
			return cookie
		}
	}
	return nil
}

// DeviceHash returns the key of the request's device in the database, or nil.
func DeviceHash(r *http.Request) []byte {
	cookie := DeviceCookie(r)
	if cookie == nil {
		return nil
	}
	return Hash(cookie.Value)
}

// Header names the account of the page that sends a request. A request with a session of another
// account is refused. A page that was left open must not act for the person who logged in later.
const Header = "Taskmaster-Account"

// ScopesHeader names the scopes of the caller in api's answers to the assistant, with spaces between them.
const ScopesHeader = "Taskmaster-Scopes"

// CodeOther refuses a request of another account's page.
const CodeOther task.Code = "other_account"

// tokenPrefix is the prefix of every API token. Scanners for leaked secrets recognise it.
const tokenPrefix = "tm_"

// Scopes returns all scopes. A session has all of them.
func Scopes() []string { return []string{ScopeTasksRead, ScopeTasksWrite, ScopeAccount} }

// ErrNotValid refuses a credential that is unknown, revoked or expired, and one of a deleted
// account.
var ErrNotValid = task.Errorf(task.CodeUnauthorized, "the session or API token is not valid, or no longer")

// Caller is the authenticated sender of a request.
type Caller struct {
	UserID uuid.UUID
	Scopes []string
	// Session is the caller's session. It is nil if the caller is a token.
	Session *postgres.Session
	// ExpiresAt is when the token expires. Nil means never. It is nil for a session.
	ExpiresAt *time.Time
	// Credential is the session or token itself. It is only for deriving keys, and must not be
	// stored, logged or forwarded.
	Credential string
	// Epoch identifies the history of revisions at the time of the request.
	Epoch string
}

// SessionHash returns the key of the caller's session in the database. It returns nil if the caller
// is a token.
func (c Caller) SessionHash() []byte {
	if c.Session == nil {
		return nil
	}
	return c.Session.TokenHash
}

// Can reports whether the caller has a scope.
func (c Caller) Can(scope string) bool { return slices.Contains(c.Scopes, scope) }

// Authenticate returns the sender of a request. It uses the Authorization header if there is one,
// and otherwise the session cookie. It looks up the credential each time. A missing, revoked or
// expired credential is refused with code unauthorized. The error has code unavailable if the
// database is overloaded or away.
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
		// The transaction stores only the last use of the credential.
		return Caller{}, task.RetryLater(task.CodeUnavailable, time.Second, "the database is away, try again shortly")
	}
	if err != nil {
		return Caller{}, fmt.Errorf("authenticate: %w", err)
	}
	return c, nil
}

// credentialOf returns the credential of a request, or "", and reports whether it is an API token.
func credentialOf(r *http.Request) (credential string, isToken bool) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", true
		}
		return strings.TrimSpace(token), true
	}
	cookie := SessionCookie(r)
	if cookie == nil {
		return "", false
	}
	return cookie.Value, false
}

// NewSession returns the secret of a new session or device for its cookie.
func NewSession() string {
	secret := make([]byte, 32)
	rand.Read(secret) // it never fails
	return base64.RawURLEncoding.EncodeToString(secret)
}

// NewToken returns a new API token.
func NewToken() string { return tokenPrefix + NewSession() }

// Hash returns the SHA-256 of a session or token, which is its key in the database.
func Hash(credential string) []byte {
	sum := sha256.Sum256([]byte(credential))
	return sum[:]
}
