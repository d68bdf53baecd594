package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// OAuthClient is a client that registered itself.
type OAuthClient struct {
	ID           string
	Name         string
	RedirectURIs []string
	CreatedAt    time.Time
}

var errNoClient = task.Errorf(task.CodeNotFound, "there is no such client")

const oauthClientColumns = `id, name, redirect_uris, created_at`

// OAuthClientByID returns a registered client. It returns code not_found if there is none.
func OAuthClientByID(ctx context.Context, tx pgx.Tx, id string) (OAuthClient, error) {
	return oneOAuthClient(ctx, tx, `SELECT `+oauthClientColumns+` FROM oauth_clients WHERE id = $1`, id)
}

// RenewOAuthClient returns the client with a fingerprint and records that it registered again. It
// returns code not_found if there is none.
func RenewOAuthClient(ctx context.Context, tx pgx.Tx, fingerprint []byte, now time.Time) (OAuthClient, error) {
	return oneOAuthClient(ctx, tx, `UPDATE oauth_clients SET used_at = $2 WHERE fingerprint = $1 RETURNING `+oauthClientColumns, fingerprint, now)
}

// InsertOAuthClient stores a new client. If a client with its fingerprint came first, it returns that
// one.
func InsertOAuthClient(ctx context.Context, tx pgx.Tx, c OAuthClient, fingerprint []byte) (OAuthClient, error) {
	return oneOAuthClient(ctx, tx, `
		INSERT INTO oauth_clients (`+oauthClientColumns+`, used_at, fingerprint) VALUES ($1, $2, $3, $4, $4, $5)
		ON CONFLICT (fingerprint) DO UPDATE SET used_at = excluded.used_at RETURNING `+oauthClientColumns,
		c.ID, c.Name, c.RedirectURIs, c.CreatedAt, fingerprint)
}

func oneOAuthClient(ctx context.Context, tx pgx.Tx, sql string, args ...any) (OAuthClient, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return OAuthClient{}, fmt.Errorf("query OAuth client: %w", err)
	}
	clients, err := pgx.CollectRows(rows, pgx.RowToStructByPos[OAuthClient])
	if err != nil {
		return OAuthClient{}, fmt.Errorf("read OAuth client: %w", err)
	}
	if len(clients) == 0 {
		return OAuthClient{}, errNoClient
	}
	return clients[0], nil
}

// PurgeOAuthClients deletes up to limit registered clients that nobody connected, and that have not
// registered again since before.
func PurgeOAuthClients(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM oauth_clients WHERE id IN (
			SELECT id FROM oauth_clients c WHERE used_at < $1 AND NOT EXISTS (SELECT FROM oauth_grants g WHERE g.client_id = c.id)
			ORDER BY used_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge OAuth clients: %w", err)
	}
	return tag.RowsAffected(), nil
}
