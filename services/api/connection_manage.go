package main

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
)

// listConnections returns the clients that the caller connected by OAuth, the last used first.
func (s *service) listConnections(w http.ResponseWriter, r *http.Request, c caller) error {
	if err := newQuery(r.URL.Query()).err(); err != nil {
		return err
	}
	var grants []postgres.OAuthGrant
	err := s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		grants, err = postgres.OAuthGrants(ctx, tx, c.UserID, s.now()) // at most postgres.MaxOAuthGrants
		return err
	})
	if err != nil {
		return err
	}
	bodies := make([]apiv1.Connection, len(grants))
	for i, g := range grants {
		bodies[i] = apiv1.Connection{ID: g.ID, Name: g.ClientName, Place: g.Place, Scopes: g.Scopes, CreatedAt: g.CreatedAt, LastUsedAt: g.UsedAt}
	}
	return server.Encode(w, http.StatusOK, apiv1.Page[apiv1.Connection]{Items: bodies})
}

// deleteConnection removes a client with all its tokens. Its next request is refused.
func (s *service) deleteConnection(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return s.commit(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		return answer{Status: http.StatusNoContent}, postgres.DeleteOAuthGrant(ctx, tx, c.UserID, id)
	})
}
