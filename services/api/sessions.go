package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
)

// sessionBody is a session as the API shows it.
type sessionBody struct {
	ID         uuid.UUID `json:"id"`
	UserAgent  string    `json:"user_agent"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	// Current is the session that asks.
	Current bool `json:"current"`
}

// maxUserAgent is how much is kept of what a browser says of itself, in bytes.
const maxUserAgent = 300

func userAgent(r *http.Request) string {
	said := r.UserAgent()
	return strings.ToValidUTF8(said[:min(len(said), maxUserAgent)], "")
}

// listSessions lists all of the caller's sessions, the one that was used last first.
func (a *api) listSessions(w http.ResponseWriter, r *http.Request, c caller) error {
	if err := newQuery(r.URL.Query()).err(); err != nil {
		return err
	}
	var sessions []postgres.Session
	err := a.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		sessions, err = postgres.Sessions(ctx, tx, c.UserID, a.now()) // postgres.MaxSessions at most
		return err
	})
	if err != nil {
		return err
	}
	bodies := make([]sessionBody, len(sessions))
	for i, s := range sessions {
		bodies[i] = sessionBody{ID: s.ID, UserAgent: s.UserAgent, CreatedAt: s.CreatedAt, LastUsedAt: s.UsedAt, ExpiresAt: s.ExpiresAt,
			Current: bytes.Equal(s.TokenHash, c.SessionHash())}
	}
	return server.Encode(w, http.StatusOK, page[sessionBody]{Items: bodies})
}

// endSession ends a session: the next request that shows it is refused. A browser that ends its own forgets it.
func (a *api) endSession(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return a.change(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		ended, err := postgres.EndSession(ctx, tx, c.UserID, id)
		out := answer{Status: http.StatusNoContent}
		if err == nil && bytes.Equal(ended, c.SessionHash()) {
			out.Header = map[string]string{"Set-Cookie": a.cookie("", -1).String()}
		}
		return out, err
	})
}

// endOtherSessions ends all of the caller's sessions but the one that asks; an API token has none to spare.
func (a *api) endOtherSessions(w http.ResponseWriter, r *http.Request, c caller) error {
	return a.change(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		return answer{Status: http.StatusNoContent}, postgres.DeleteOtherSessions(ctx, tx, c.UserID, c.SessionHash())
	})
}
