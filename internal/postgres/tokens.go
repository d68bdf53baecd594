package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

// Token is an API key that a user created for a program. The database holds only the SHA-256 of the
// key.
type Token struct {
	ID        uuid.UUID
	UserID    uuid.UUID
	Name      string
	Scopes    []string
	CreatedAt time.Time
	// ExpiresAt is when the token expires. Nil means never.
	ExpiresAt *time.Time
}

//nolint:gosec // the names of columns, not a credential
const tokenColumns = `id, user_id, name, scopes, created_at, expires_at`

// InsertToken stores a new token with the SHA-256 of its key.
func InsertToken(ctx context.Context, tx pgx.Tx, t Token, tokenHash []byte) error {
	_, err := tx.Exec(ctx, `INSERT INTO tokens (`+tokenColumns+`, token_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		t.ID, t.UserID, t.Name, t.Scopes, t.CreatedAt, t.ExpiresAt, tokenHash)
	if err != nil {
		return fmt.Errorf("insert token: %w", err)
	}
	return nil
}

// TokenByHash returns the token with a SHA-256. It returns code not_found if there is none or it
// has expired, or if its account is disabled.
func TokenByHash(ctx context.Context, tx pgx.Tx, tokenHash []byte, now time.Time) (Token, error) {
	tokens, err := queryTokens(ctx, tx, `SELECT `+tokenColumns+` FROM tokens
		WHERE token_hash = $1 AND (expires_at IS NULL OR expires_at > $2) AND `+enabledAccount, tokenHash, now)
	if err != nil {
		return Token{}, err
	}
	if len(tokens) == 0 {
		return Token{}, errNoToken
	}
	return tokens[0], nil
}

// ListTokens returns up to limit tokens of a user, the newest first, including expired ones. It
// starts after the token before, or with the newest if before is nil.
func ListTokens(ctx context.Context, tx pgx.Tx, userID uuid.UUID, before *uuid.UUID, limit int) ([]Token, error) {
	// IDs are UUIDv7. Their order is the order of creation.
	return queryTokens(ctx, tx, `SELECT `+tokenColumns+` FROM tokens
		WHERE user_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`, userID, before, limit)
}

// CountTokens returns the number of a user's tokens, including expired ones.
func CountTokens(ctx context.Context, tx pgx.Tx, userID uuid.UUID) (int, error) {
	var n int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM tokens WHERE user_id = $1`, userID).Scan(&n); err != nil {
		return 0, fmt.Errorf("count tokens: %w", err)
	}
	return n, nil
}

// DeleteToken deletes a user's token. It returns code not_found if the user has no such token.
func DeleteToken(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) error {
	return execOne(ctx, tx, "delete token", errNoToken, `DELETE FROM tokens WHERE user_id = $1 AND id = $2`, userID, id)
}

// DeleteAllTokens deletes all tokens of a user, and removes all clients that were connected by OAuth.
func DeleteAllTokens(ctx context.Context, tx pgx.Tx, userID uuid.UUID) error {
	batch := &pgx.Batch{}
	batch.Queue(`DELETE FROM tokens WHERE user_id = $1`, userID)
	batch.Queue(`DELETE FROM oauth_grants WHERE user_id = $1`, userID)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("delete all tokens: %w", err)
	}
	return nil
}

var errNoToken = task.Errorf(task.CodeNotFound, "there is no such token")

func queryTokens(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]Token, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("query tokens: %w", err)
	}
	tokens, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Token])
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	for i := range tokens {
		tokens[i].CreatedAt = tokens[i].CreatedAt.UTC()
		toUTC(&tokens[i].ExpiresAt)
	}
	return tokens, nil
}
