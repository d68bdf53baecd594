package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// MaxOAuthGrants is the largest number of clients that a user has connected. A further one ends the
// one that was unused for longest.
const MaxOAuthGrants = 50

// OAuthGrant is a client that a user connected.
type OAuthGrant struct {
	ID       uuid.UUID
	UserID   uuid.UUID
	ClientID string
	// ClientName and Place are the client's name and the host of its redirect URI, as the user saw them.
	ClientName string
	Place      string
	CreatedAt  time.Time
	// UsedAt is the time of the last use, accurate to SessionUse.
	UsedAt time.Time
	// Scopes are those of the tokens that work now.
	Scopes []string
}

var errNoGrant = task.Errorf(task.CodeNotFound, "there is no such connection")

// KeepOAuthGrant stores a grant of a user, or renews the user's grant of the same client. It returns
// the grant's id. The caller holds the user's row.
func KeepOAuthGrant(ctx context.Context, tx pgx.Tx, g OAuthGrant) (id uuid.UUID, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO oauth_grants (id, user_id, client_id, client_name, place, created_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
		ON CONFLICT (user_id, client_id) DO UPDATE SET client_name = excluded.client_name, place = excluded.place, used_at = excluded.used_at
		RETURNING id`, g.ID, g.UserID, g.ClientID, g.ClientName, g.Place, g.CreatedAt).Scan(&id)
	if err != nil {
		return id, fmt.Errorf("insert OAuth grant: %w", err)
	}
	_, err = tx.Exec(ctx, `
		DELETE FROM oauth_grants WHERE id IN (
			SELECT id FROM oauth_grants WHERE user_id = $1 ORDER BY id = $2 DESC, used_at DESC OFFSET $3)`, g.UserID, id, MaxOAuthGrants)
	if err != nil {
		return id, fmt.Errorf("end OAuth grants: %w", err)
	}
	return id, nil
}

// LockOAuthGrant returns a grant and locks its tokens until the transaction ends: whoever changes them
// locks the grant first. It returns code not_found if the grant was removed.
func LockOAuthGrant(ctx context.Context, tx pgx.Tx, id uuid.UUID) (g OAuthGrant, err error) {
	err = tx.QueryRow(ctx, `
		SELECT id, user_id, client_id, client_name, place, created_at, used_at FROM oauth_grants WHERE id = $1 FOR UPDATE`, id).
		Scan(&g.ID, &g.UserID, &g.ClientID, &g.ClientName, &g.Place, &g.CreatedAt, &g.UsedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return g, errNoGrant
	}
	if err != nil {
		return g, fmt.Errorf("lock OAuth grant: %w", err)
	}
	return g, nil
}

// OAuthGrants returns the clients that a user connected and that have a token, the last used first.
func OAuthGrants(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time) ([]OAuthGrant, error) {
	rows, err := tx.Query(ctx, `
		SELECT g.id, g.user_id, g.client_id, g.client_name, g.place, g.created_at, g.used_at, t.scopes
		FROM oauth_grants g, LATERAL (
			SELECT array_agg(DISTINCT scope ORDER BY scope) AS scopes FROM oauth_tokens t, unnest(t.scopes) AS scope
			WHERE t.grant_id = g.id AND t.kind <> 'code' AND t.expires_at > $2 AND t.spent_at IS NULL
		) t
		WHERE g.user_id = $1 AND t.scopes IS NOT NULL ORDER BY g.used_at DESC, g.id`, userID, now)
	if err != nil {
		return nil, fmt.Errorf("query OAuth grants: %w", err)
	}
	grants, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OAuthGrant])
	if err != nil {
		return nil, fmt.Errorf("read OAuth grants: %w", err)
	}
	for i := range grants {
		grants[i].CreatedAt, grants[i].UsedAt = grants[i].CreatedAt.UTC(), grants[i].UsedAt.UTC()
	}
	return grants, nil
}

// DeleteOAuthGrant removes a client of a user with all its tokens. It returns code not_found if the
// user has no such client.
func DeleteOAuthGrant(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) error {
	return execOne(ctx, tx, "delete OAuth grant", errNoGrant, `DELETE FROM oauth_grants WHERE user_id = $1 AND id = $2`, userID, id)
}

// PurgeOAuthGrants deletes up to limit grants that have no token and were not used since before.
func PurgeOAuthGrants(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM oauth_grants WHERE id IN (
			SELECT id FROM oauth_grants g WHERE used_at < $1 AND NOT EXISTS (SELECT FROM oauth_tokens t WHERE t.grant_id = g.id)
			ORDER BY used_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge OAuth grants: %w", err)
	}
	return tag.RowsAffected(), nil
}
