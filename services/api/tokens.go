package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// maxTokens is how many tokens a user has at most, expired ones included.
const maxTokens = 50

type tokenInput struct {
	Name   string   `json:"name" validate:"required,max=100"`
	Scopes []string `json:"scopes" validate:"required,min=1,unique,dive,oneof=tasks:read tasks:write account"`
	// ExpiresAt is when the token stops working; left out it is never.
	ExpiresAt *time.Time `json:"expires_at"`
}

// tokenBody is a token as the API shows it. Token is what programs send, shown when it is made and never again.
type tokenBody struct {
	ID        uuid.UUID  `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
	Token     string     `json:"token,omitempty"`
}

func newTokenBody(t postgres.Token) tokenBody {
	return tokenBody{ID: t.ID, Name: t.Name, Scopes: t.Scopes, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
}

// createToken makes a token that can do no more, and no longer, than whoever makes it: code forbidden.
func (a *api) createToken(w http.ResponseWriter, r *http.Request, c caller) error {
	var in tokenInput
	body, err := a.decode(w, r, &in)
	if err != nil {
		return err
	}
	t, err := newToken(in, c, a.instant())
	if err != nil {
		return err
	}
	return a.change(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		// With the user's row held no other request can add one in between.
		if _, err := postgres.LockUser(ctx, tx, c.UserID); err != nil {
			return answer{}, err
		}
		n, err := postgres.CountTokens(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		if n >= maxTokens {
			return answer{}, task.Errorf(task.CodeConflict, "there are %d API tokens already, delete one first", n)
		}
		shown := newTokenBody(t)
		shown.Token = account.NewToken()
		out := answer{Status: http.StatusCreated, Header: map[string]string{"Cache-Control": "no-store"}, Body: shown, Secret: true}
		return out, postgres.InsertToken(ctx, tx, t, account.Hash(shown.Token))
	})
}

func newToken(in tokenInput, c caller, now time.Time) (postgres.Token, error) {
	if err := server.Validate(in); err != nil {
		return postgres.Token{}, err
	}
	name := strings.TrimSpace(in.Name)
	if name == "" || strings.ContainsFunc(name, unicode.IsControl) {
		return postgres.Token{}, task.Invalid("name", "is blank or has a control character")
	}
	for _, scope := range in.Scopes {
		if !c.Can(scope) {
			return postgres.Token{}, task.Errorf(task.CodeForbidden, "an API token cannot make one with a scope that it lacks: %s", scope)
		}
	}
	expires := in.ExpiresAt
	if expires != nil {
		at := expires.UTC().Truncate(time.Microsecond)
		if !at.After(now) || at.Year() > 9999 {
			return postgres.Token{}, task.Invalid("expires_at", "is not in the future, up to the year 9999")
		}
		expires = &at
	}
	if c.ExpiresAt != nil && (expires == nil || expires.After(*c.ExpiresAt)) {
		return postgres.Token{}, task.Errorf(task.CodeForbidden, "an API token cannot make one that outlives it: expires_at is at most %s",
			c.ExpiresAt.Format(time.RFC3339Nano))
	}
	id, err := uuid.NewV7()
	if err != nil {
		return postgres.Token{}, fmt.Errorf("make token id: %w", err)
	}
	return postgres.Token{ID: id, UserID: c.UserID, Name: name, Scopes: in.Scopes, CreatedAt: now, ExpiresAt: expires}, nil
}

// listTokens lists the caller's tokens, the newest first, without what programs send.
func (a *api) listTokens(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "cursor", "limit")
	limit := q.limit()
	var before *uuid.UUID
	q.cursor(&before)
	if err := q.err(); err != nil {
		return err
	}
	var tokens []postgres.Token
	err := a.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		tokens, err = postgres.ListTokens(ctx, tx, c.UserID, before, limit+1)
		return err
	})
	if err != nil {
		return err
	}
	bodies := make([]tokenBody, len(tokens))
	for i, t := range tokens {
		bodies[i] = newTokenBody(t)
	}
	out, err := newPage(bodies, limit, func(t tokenBody) any { return t.ID })
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, out)
}

// deleteToken revokes a token: the next request that shows it is refused.
func (a *api) deleteToken(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return a.change(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		return answer{Status: http.StatusNoContent}, postgres.DeleteToken(ctx, tx, c.UserID, id)
	})
}
