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

// MaxSessions is the maximum number of sessions of a user. A further session ends the oldest.
const MaxSessions = 100

// Session is a login in a browser. TokenHash is the SHA-256 of the browser's token.
type Session struct {
	// ID identifies the session to its owner. It is not secret.
	ID        uuid.UUID
	TokenHash []byte
	UserID    uuid.UUID
	// UserAgent is the browser's User-Agent header of the login.
	UserAgent string
	CreatedAt time.Time
	// UsedAt is the time of the last use, accurate to SessionUse.
	UsedAt    time.Time
	ExpiresAt time.Time
}

// SessionUse is how long further uses of a session are not recorded. It saves a write with each
// request.
const SessionUse = 5 * time.Minute

// InsertSession stores a new session and ends the user's oldest sessions beyond MaxSessions. The
// database deletes the push channel of a session's browser with the session, except when the
// session expires.
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

// enabledAccount is the condition that the account of a row is not disabled.
const enabledAccount = `NOT EXISTS (SELECT FROM users u WHERE u.id = user_id AND u.disabled_at IS NOT NULL)`

// UseSession returns a session and records its use. It returns code not_found if the session does
// not exist or has expired, or if its account is disabled.
func UseSession(ctx context.Context, tx pgx.Tx, tokenHash []byte, now time.Time) (Session, error) {
	sessions, err := querySessions(ctx, tx, `SELECT `+sessionColumns+` FROM sessions WHERE token_hash = $1 AND expires_at > $2 AND `+enabledAccount, tokenHash, now)
	if err != nil {
		return Session{}, err
	}
	if len(sessions) == 0 {
		return Session{}, errNoSession
	}
	s := sessions[0]
	if since := now.Add(-SessionUse); !s.UsedAt.After(since) {
		// The first of several concurrent requests writes. On a full disk the write fails, but the
		// session can still be read.
		err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE sessions SET used_at = $2 WHERE token_hash = $1 AND coalesce(used_at, created_at) <= $3`, tokenHash, now, since)
			return err
		})
		if err != nil && !isDiskFull(err) {
			return Session{}, fmt.Errorf("record use of session: %w", err)
		}
	}
	return s, nil
}

// SessionByHash returns a session, expired or not. It returns code not_found if there is none.
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

// LockSession keeps a session from ending until the transaction ends. It returns code not_found if
// the session has ended already.
func LockSession(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	return execOne(ctx, tx, "lock session", errNoSession, `SELECT FROM sessions WHERE id = $1 FOR KEY SHARE`, id)
}

var errNoSession = task.Errorf(task.CodeNotFound, "there is no such session")

// RenewSession extends a session to a later instant.
func RenewSession(ctx context.Context, tx pgx.Tx, tokenHash []byte, expiresAt time.Time) error {
	// Concurrent requests renew to almost the same instant. The first one writes, and the latest
	// end stays.
	_, err := tx.Exec(ctx, `UPDATE sessions SET expires_at = $2 WHERE token_hash = $1 AND expires_at < $2`, tokenHash, expiresAt)
	if err != nil {
		return fmt.Errorf("renew session: %w", err)
	}
	return nil
}

// Sessions returns a user's sessions that have not expired, the last used first.
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

// EndSession ends one of a user's sessions and returns its TokenHash. It returns code not_found if
// the user has no such session.
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

// DeleteSession ends a session if it exists.
func DeleteSession(ctx context.Context, tx pgx.Tx, tokenHash []byte) error {
	if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE token_hash = $1`, tokenHash); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// DeleteOtherSessions ends all sessions of a user except the one with tokenHash. With nil it ends
// all.
func DeleteOtherSessions(ctx context.Context, tx pgx.Tx, userID uuid.UUID, tokenHash []byte) error {
	_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND token_hash IS DISTINCT FROM $2`, userID, tokenHash)
	if err != nil {
		return fmt.Errorf("delete other sessions: %w", err)
	}
	return nil
}

// PurgeSessions removes up to limit expired sessions and returns their number. It keeps a session
// with a push channel until ExpireBrowsers has disabled the channel, so that the owner is notified.
func PurgeSessions(ctx context.Context, tx pgx.Tx, now time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM sessions WHERE token_hash IN (
			SELECT token_hash FROM sessions s WHERE expires_at <= $1 AND NOT EXISTS (SELECT FROM channels c WHERE c.session_id = s.id)
			ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, now, limit)
	if err != nil {
		return 0, fmt.Errorf("purge sessions: %w", err)
	}
	return tag.RowsAffected(), nil
}
