package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// maxTokens is the largest number of tokens of a user, including expired ones.
const maxTokens = 50

// tokenLife is the lifetime of a token that names none. A forgotten token ends by itself.
const tokenLife = 90 * 24 * time.Hour

// shownToken returns a token as the API shows it.
func shownToken(t postgres.Token) apiv1.Token {
	return apiv1.Token{ID: t.ID, Name: t.Name, Scopes: t.Scopes, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
}

// createToken creates an API token. It returns code forbidden when the token would have more
// scopes, or a later expiry, than the credential of the caller.
func (s *service) createToken(w http.ResponseWriter, r *http.Request, c caller) error {
	var in apiv1.TokenInput
	body, err := s.decode(w, r, &in)
	if err != nil {
		return err
	}
	t, err := newToken(in, c, s.instant())
	if err != nil {
		return err
	}
	if slices.Contains(in.Scopes, scopeAccount) {
		if err := s.confirmAgain(r.Context(), c, in.Password); err != nil {
			return err
		}
	}
	return s.commitDeliveries(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		// While the user's row is locked, no other request can add a token.
		u, err := postgres.LockUser(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		n, err := postgres.CountTokens(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		if n >= maxTokens {
			return answer{}, task.Errorf(task.CodeConflict, "there are %d API tokens already, delete one first", n)
		}
		shown, repeated := apiv1.TokenWithSecret{Token: shownToken(t)}, apiv1.TokenWithSecret{Token: shownToken(t), ShownOnce: true}
		shown.Secret = account.NewToken()
		out := answer{Status: http.StatusCreated, Header: map[string]string{"Cache-Control": "no-store"}, Body: shown, Repeated: repeated}
		if err := postgres.InsertToken(ctx, tx, t, account.Hash(shown.Secret)); err != nil {
			return answer{}, err
		}
		return out, s.deliveries.Notify(ctx, tx, u, delivery.NoticeToken, t.Name, s.instant())
	})
}

// confirmAgain checks the password of a caller who makes a token that may change the account. A stolen
// session could otherwise outlive its end.
func (s *service) confirmAgain(ctx context.Context, c caller, password *string) error {
	if password == nil {
		return task.Invalid("password", "is required for a token that may change the account")
	}
	leave, err := s.hasher.first.admit()
	if err != nil {
		return err
	}
	defer leave()
	u, err := s.user(ctx, c)
	if err != nil {
		return err
	}
	return s.confirm(ctx, u, "password", *password)
}

func newToken(in apiv1.TokenInput, c caller, now time.Time) (postgres.Token, error) {
	if err := server.Validate(in); err != nil {
		return postgres.Token{}, err
	}
	name := strings.TrimSpace(in.Name)
	if name == "" || strings.ContainsFunc(name, unicode.IsControl) {
		return postgres.Token{}, task.Invalid("name", "is blank or has a control character")
	}
	for _, scope := range in.Scopes {
		if !c.Can(scope) {
			return postgres.Token{}, task.Errorf(task.CodeForbidden, "an API token cannot create one with a scope that it lacks: %s", scope)
		}
	}
	expires := in.ExpiresAt
	switch {
	case expires != nil && in.NeverExpires:
		return postgres.Token{}, task.Invalid("never_expires", "excludes expires_at")
	case expires == nil && !in.NeverExpires:
		expires = new(now.Add(tokenLife))
		if c.ExpiresAt != nil && expires.After(*c.ExpiresAt) {
			expires = c.ExpiresAt
		}
	case expires != nil:
		at := expires.UTC().Truncate(time.Microsecond)
		if !at.After(now) || at.Year() > 9999 {
			return postgres.Token{}, task.Invalid("expires_at", "is not in the future, up to the year 9999")
		}
		expires = &at
	}
	if c.ExpiresAt != nil && (expires == nil || expires.After(*c.ExpiresAt)) {
		return postgres.Token{}, task.Errorf(task.CodeForbidden, "an API token cannot create one that expires later: expires_at is at most %s",
			c.ExpiresAt.Format(time.RFC3339Nano))
	}
	id, err := uuid.NewV7()
	if err != nil {
		return postgres.Token{}, fmt.Errorf("create token id: %w", err)
	}
	return postgres.Token{ID: id, UserID: c.UserID, Name: name, Scopes: in.Scopes, CreatedAt: now, ExpiresAt: expires}, nil
}

// listTokens returns the caller's tokens without their credentials, the newest first.
func (s *service) listTokens(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "cursor", "limit")
	limit := q.limit()
	var before *uuid.UUID
	q.cursor(&before)
	if err := q.err(); err != nil {
		return err
	}
	var tokens []postgres.Token
	err := s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		tokens, err = postgres.ListTokens(ctx, tx, c.UserID, before, limit+1)
		return err
	})
	if err != nil {
		return err
	}
	bodies := make([]apiv1.Token, len(tokens))
	for i, t := range tokens {
		bodies[i] = shownToken(t)
	}
	out, err := newPage(bodies, limit, func(t apiv1.Token) any { return t.ID })
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, out)
}

// deleteToken revokes a token. The next request with it is refused.
func (s *service) deleteToken(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return s.commit(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		return answer{Status: http.StatusNoContent}, postgres.DeleteToken(ctx, tx, c.UserID, id)
	})
}
