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

// MaxSessions is how many sessions a user has at most; a further one ends the oldest.
const MaxSessions = 100

// Session is a login in a browser. TokenHash is the SHA-256 of what the browser holds.
type Session struct {
	// ID names the session to its owner; it is no secret.
	ID        uuid.UUID
	TokenHash []byte
	UserID    uuid.UUID
	// UserAgent is what the browser said of itself when it logged in.
	UserAgent string
	CreatedAt time.Time
	// UsedAt is when it was used last, to within SessionUse.
	UsedAt    time.Time
	ExpiresAt time.Time
}

// SessionUse is for how long a session that was used is not noted to be used again.
const SessionUse = 5 * time.Minute

// InsertSession stores a new session and ends the user's oldest beyond MaxSessions. However a session ends but by expiring, the
// push channel of its browser goes with it: the database sees to that.
func InsertSession(ctx context.Context, tx pgx.Tx, s Session) error {
	batch := &pgx.Batch{}
	batch.Queue(`INSERT INTO sessions (id, token_hash, user_id, user_agent, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		s.ID, s.TokenHash, s.UserID, s.UserAgent, s.CreatedAt, s.ExpiresAt)
	batch.Queue(`
		DELETE FROM sessions WHERE token_hash IN (
			SELECT token_hash FROM sessions WHERE user_id = $1 ORDER BY created_at DESC, token_hash = $2 DESC OFFSET $3
		)`, s.UserID, s.TokenHash, MaxSessions)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

const sessionColumns = `id, token_hash, user_id, user_agent, created_at, coalesce(used_at, created_at), expires_at`

// UseSession returns a session and notes that it was used. Code not_found when there is no such session or it has expired.
func UseSession(ctx context.Context, tx pgx.Tx, tokenHash []byte, now time.Time) (Session, error) {
	s, err := SessionByHash(ctx, tx, tokenHash)
	if err == nil && !s.ExpiresAt.After(now) {
		err = errNoSession
	}
	if err != nil {
		return Session{}, err
	}
	if since := now.Add(-SessionUse); !s.UsedAt.After(since) {
		// Of requests at the same time the first does it. With a full disk nobody does, and what is stored can still be read.
		err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE sessions SET used_at = $2 WHERE token_hash = $1 AND coalesce(used_at, created_at) <= $3`, tokenHash, now, since)
			return err
		})
		if err != nil && !isDiskFull(err) {
			return Session{}, fmt.Errorf("note use of session: %w", err)
		}
	}
	return s, nil
}

// SessionByHash returns a session, expired or not. Code not_found when there is no such.
func SessionByHash(ctx context.Context, tx pgx.Tx, tokenHash []byte) (Session, error) {
	sessions, err := querySessions(ctx, tx, `SELECT `+sessionColumns+` FROM sessions WHERE token_hash = $1`, tokenHash)
	if err != nil {
		return Session{}, err
	}
	if len(sessions) == 0 {
		return Session{}, errNoSession
	}
	return sessions[0], nil
}

// LockSession keeps a session from ending before the transaction does. Code not_found when it has ended already.
func LockSession(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	tag, err := tx.Exec(ctx, `SELECT FROM sessions WHERE id = $1 FOR KEY SHARE`, id)
	if err != nil {
		return fmt.Errorf("lock session: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errNoSession
	}
	return nil
}

var errNoSession = task.Errorf(task.CodeNotFound, "there is no such session")

// RenewSession moves a session's end to a later instant.
func RenewSession(ctx context.Context, tx pgx.Tx, tokenHash []byte, expiresAt time.Time) error {
	// Requests at the same time renew to almost the same instant: the first does it, and the latest end stays.
	_, err := tx.Exec(ctx, `UPDATE sessions SET expires_at = $2 WHERE token_hash = $1 AND expires_at < $2`, tokenHash, expiresAt)
	if err != nil {
		return fmt.Errorf("renew session: %w", err)
	}
	return nil
}

// Sessions returns a user's sessions that have not expired, the one that was used last first.
func Sessions(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time) ([]Session, error) {
	return querySessions(ctx, tx, `SELECT `+sessionColumns+` FROM sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY 6 DESC, id`, userID, now)
}

func querySessions(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]Session, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("query sessions: %w", err)
	}
	sessions, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Session])
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	for i := range sessions {
		s := &sessions[i]
		s.CreatedAt, s.UsedAt, s.ExpiresAt = s.CreatedAt.UTC(), s.UsedAt.UTC(), s.ExpiresAt.UTC()
	}
	return sessions, nil
}

// EndSession ends one of a user's sessions and returns its TokenHash. Code not_found when the user has no such.
func EndSession(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) ([]byte, error) {
	var tokenHash []byte
	err := tx.QueryRow(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id = $2 RETURNING token_hash`, userID, id).Scan(&tokenHash)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNoSession
	}
	if err != nil {
		return nil, fmt.Errorf("end session: %w", err)
	}
	return tokenHash, nil
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

// PurgeSessions removes up to limit sessions that have expired, and returns how many. A session whose browser is a channel stays
// until ExpireBrowsers has disabled the channel: its owner has to learn that.
func PurgeSessions(ctx context.Context, tx pgx.Tx, now time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM sessions WHERE token_hash IN (
			SELECT token_hash FROM sessions s WHERE expires_at <= $1 AND NOT EXISTS (SELECT FROM channels c WHERE c.session_id = s.id)
			LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, now, limit)
	if err != nil {
		return 0, fmt.Errorf("purge sessions: %w", err)
	}
	return tag.RowsAffected(), nil
}
