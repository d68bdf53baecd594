package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
)

// maxUserAgent is the longest stored User-Agent, in bytes.
const maxUserAgent = 300

func userAgent(r *http.Request) string {
	agent := r.UserAgent()
	return strings.ToValidUTF8(agent[:min(len(agent), maxUserAgent)], "")
}

// listSessions returns all sessions of the caller, the most recently used first.
func (s *service) listSessions(w http.ResponseWriter, r *http.Request, c caller) error {
	if err := newQuery(r.URL.Query()).err(); err != nil {
		return err
	}
	var sessions []postgres.Session
	err := s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		sessions, err = postgres.Sessions(ctx, tx, c.UserID, s.now()) // at most postgres.MaxSessions
		return err
	})
	if err != nil {
		return err
	}
	bodies := make([]apiv1.Session, len(sessions))
	for i, found := range sessions {
		bodies[i] = apiv1.Session{
			ID: found.ID, UserAgent: found.UserAgent, CreatedAt: found.CreatedAt, LastUsedAt: found.UsedAt, ExpiresAt: found.ExpiresAt,
			Current: bytes.Equal(found.TokenHash, c.SessionHash()),
		}
	}
	return server.Encode(w, http.StatusOK, apiv1.Page[apiv1.Session]{Items: bodies})
}

// endSession ends a session, so that the next request with it is refused. If it is the caller's
// own, the answer deletes the cookie.
func (s *service) endSession(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return s.commit(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		ended, err := postgres.EndSession(ctx, tx, c.UserID, id)
		out := answer{Status: http.StatusNoContent}
		if err == nil && bytes.Equal(ended, c.SessionHash()) {
			out.Header = map[string]string{"Set-Cookie": s.cookie("", -1).String()}
		}
		return out, err
	})
}

// endOtherSessions ends all sessions of the caller except the one of the request. A request with an
// API token ends all sessions.
func (s *service) endOtherSessions(w http.ResponseWriter, r *http.Request, c caller) error {
	return s.commit(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		return answer{Status: http.StatusNoContent}, postgres.DeleteOtherSessions(ctx, tx, c.UserID, c.SessionHash())
	})
}
