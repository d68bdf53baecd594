package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/task"
)

// MaxSessions is how many sessions a user has at most; a further one ends the oldest.
const MaxSessions = 100

// Session is a login in a browser. TokenHash is the SHA-256 of what the browser holds.
type Session struct {
	TokenHash []byte
	UserID    uuid.UUID
	CreatedAt time.Time
	ExpiresAt time.Time
}

// InsertSession stores a new session and ends the user's oldest beyond MaxSessions.
func InsertSession(ctx context.Context, tx pgx.Tx, s Session) error {
	batch := &pgx.Batch{}
	batch.Queue(`INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
		s.TokenHash, s.UserID, s.CreatedAt, s.ExpiresAt)
	batch.Queue(`
		DELETE FROM sessions WHERE token_hash IN (
			SELECT token_hash FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, token_hash = $2 DESC OFFSET $3
		)`, s.UserID, s.TokenHash, MaxSessions)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

// SessionUser returns whose session it is. Code not_found when there is no such session or it has expired.
func SessionUser(ctx context.Context, tx pgx.Tx, tokenHash []byte, now time.Time) (uuid.UUID, error) {
	var userID uuid.UUID
	err := tx.QueryRow(ctx, `SELECT user_id FROM sessions WHERE token_hash = $1 AND expires_at > $2`, tokenHash, now).Scan(&userID)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, task.Errorf(task.CodeNotFound, "there is no such session")
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("query session: %w", err)
	}
	return userID, nil
}

// DeleteSession ends a session, if there is such a one.
func DeleteSession(ctx context.Context, tx pgx.Tx, tokenHash []byte) error {
	if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE token_hash = $1`, tokenHash); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// DeleteOtherSessions ends all sessions of a user but the one with tokenHash; nil spares none.
func DeleteOtherSessions(ctx context.Context, tx pgx.Tx, userID uuid.UUID, tokenHash []byte) error {
	_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND token_hash IS DISTINCT FROM $2`, userID, tokenHash)
	if err != nil {
		return fmt.Errorf("delete other sessions: %w", err)
	}
	return nil
}

// PurgeSessions removes up to limit sessions that have expired, and returns how many.
func PurgeSessions(ctx context.Context, tx pgx.Tx, now time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM sessions WHERE token_hash IN (
			SELECT token_hash FROM sessions WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, now, limit)
	if err != nil {
		return 0, fmt.Errorf("purge sessions: %w", err)
	}
	return tag.RowsAffected(), nil
}
