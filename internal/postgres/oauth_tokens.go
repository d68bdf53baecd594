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

// The kinds of OAuthToken.
const (
	OAuthCode    = "code"
	OAuthAccess  = "access"
	OAuthRefresh = "refresh"
)

// OAuthToken is a code, an access token or a refresh token. Hash is its SHA-256.
type OAuthToken struct {
	Hash    []byte
	Kind    string
	GrantID uuid.UUID
	// Family is shared by all tokens that came of one consent.
	Family uuid.UUID
	Scopes []string
	// Resource is the audience.
	Resource string
	// RedirectURI and Challenge belong to a code.
	RedirectURI string
	Challenge   string
	CreatedAt   time.Time
	ExpiresAt   time.Time
	// SpentAt is the first use of a code or refresh token. Nil means that it is unused.
	SpentAt *time.Time
}

//nolint:gosec // the names of columns, not a credential
const oauthTokenColumns = `hash, kind, grant_id, family, scopes, resource, redirect_uri, challenge, created_at, expires_at, spent_at`

// MaxOAuthTokens is the largest number of tokens of a grant, spent ones included. A further one ends
// the oldest. A client that refreshes every hour has about 750.
const MaxOAuthTokens = 2000

// InsertOAuthToken stores a new token, and deletes the oldest of its grant beyond MaxOAuthTokens.
func InsertOAuthToken(ctx context.Context, tx pgx.Tx, t OAuthToken) error {
	batch := &pgx.Batch{}
	batch.Queue(`INSERT INTO oauth_tokens (`+oauthTokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.Hash, t.Kind, t.GrantID, t.Family, t.Scopes, t.Resource, t.RedirectURI, t.Challenge, t.CreatedAt, t.ExpiresAt, t.SpentAt)
	batch.Queue(`
		DELETE FROM oauth_tokens WHERE hash IN (
			SELECT hash FROM oauth_tokens WHERE grant_id = $1 ORDER BY created_at DESC OFFSET $2)`, t.GrantID, MaxOAuthTokens)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("insert OAuth token: %w", err)
	}
	return nil
}

var errNoOAuthToken = task.Errorf(task.CodeNotFound, "there is no such token")

// OAuthTokenByHash returns a token of any kind, also an expired or spent one. It returns code
// not_found if there is none.
func OAuthTokenByHash(ctx context.Context, tx pgx.Tx, hash []byte) (OAuthToken, error) {
	rows, err := tx.Query(ctx, `SELECT `+oauthTokenColumns+` FROM oauth_tokens WHERE hash = $1`, hash)
	if err != nil {
		return OAuthToken{}, fmt.Errorf("query OAuth token: %w", err)
	}
	t, err := pgx.CollectOneRow(rows, pgx.RowToStructByPos[OAuthToken])
	if errors.Is(err, pgx.ErrNoRows) {
		return OAuthToken{}, errNoOAuthToken
	}
	if err != nil {
		return OAuthToken{}, fmt.Errorf("read OAuth token: %w", err)
	}
	t.CreatedAt, t.ExpiresAt = t.CreatedAt.UTC(), t.ExpiresAt.UTC()
	toUTC(&t.SpentAt)
	return t, nil
}

// UseOAuthAccess returns an access token and its user, and records the use of the client. It returns
// code not_found if the token does not exist or has expired.
func UseOAuthAccess(ctx context.Context, tx pgx.Tx, hash []byte, now time.Time) (OAuthToken, uuid.UUID, error) {
	t, err := OAuthTokenByHash(ctx, tx, hash)
	if err == nil && (t.Kind != OAuthAccess || !t.ExpiresAt.After(now)) {
		err = errNoOAuthToken
	}
	if err != nil {
		return OAuthToken{}, uuid.Nil, err
	}
	var userID uuid.UUID
	var usedAt time.Time
	err = tx.QueryRow(ctx, `SELECT user_id, used_at FROM oauth_grants WHERE id = $1 AND `+enabledAccount, t.GrantID).Scan(&userID, &usedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return OAuthToken{}, uuid.Nil, errNoOAuthToken // removed meanwhile
	}
	if err != nil {
		return OAuthToken{}, uuid.Nil, fmt.Errorf("query OAuth grant: %w", err)
	}
	if since := now.Add(-SessionUse); !usedAt.After(since) {
		// As for a session: the first of several requests writes, and a full disk refuses none.
		err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE oauth_grants SET used_at = $2 WHERE id = $1 AND used_at <= $3`, t.GrantID, now, since)
			return err
		})
		if err != nil && !isDiskFull(err) {
			return OAuthToken{}, uuid.Nil, fmt.Errorf("record use of OAuth grant: %w", err)
		}
	}
	return t, userID, nil
}

// SpendOAuthToken records the first use of a code or refresh token. The caller holds the grant.
func SpendOAuthToken(ctx context.Context, tx pgx.Tx, hash []byte, now time.Time) error {
	return execOne(ctx, tx, "spend OAuth token", errNoOAuthToken,
		`UPDATE oauth_tokens SET spent_at = coalesce(spent_at, $2) WHERE hash = $1`, hash, now)
}

// DeleteOAuthToken deletes one token. The caller holds the grant.
func DeleteOAuthToken(ctx context.Context, tx pgx.Tx, hash []byte) error {
	return execOne(ctx, tx, "delete OAuth token", errNoOAuthToken, `DELETE FROM oauth_tokens WHERE hash = $1`, hash)
}

// EndOAuthFamily deletes all tokens of a family. The caller holds the grant.
func EndOAuthFamily(ctx context.Context, tx pgx.Tx, family uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM oauth_tokens WHERE family = $1`, family); err != nil {
		return fmt.Errorf("end OAuth tokens: %w", err)
	}
	return nil
}

// PurgeOAuthTokens deletes up to limit tokens that expired before an instant.
func PurgeOAuthTokens(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error) {
	tag, err := tx.Exec(ctx, `
		DELETE FROM oauth_tokens WHERE hash IN (
			SELECT hash FROM oauth_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)`, before, limit)
	if err != nil {
		return 0, fmt.Errorf("purge OAuth tokens: %w", err)
	}
	return tag.RowsAffected(), nil
}
