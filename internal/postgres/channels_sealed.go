package postgres

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/seal"
)

// The uses of a sealed text of a channel, each with the channel's id.
func (c Channel) secretUse() string { return "channels.secret " + c.ID.String() }
func (c Channel) pushUse() string   { return "channels.subscription.auth " + c.ID.String() }

// Sealed returns the channel with its secrets sealed: the signing secret of a webhook, and the secret of a
// browser. c has them in clear.
func (c Channel) Sealed(k *seal.Keys) Channel {
	c.Secret = k.Seal(c.Secret, c.secretUse())
	if c.Subscription != nil {
		s := *c.Subscription
		s.Keys.Auth = k.Seal(s.Keys.Auth, c.pushUse())
		c.Subscription = &s
	}
	return c
}

// Opened returns the channel with its secrets in clear. It returns a seal.MissingKeyError if k lacks the
// key.
func (c Channel) Opened(k *seal.Keys) (Channel, error) {
	var err error
	if c.Secret, err = k.Open(c.Secret, c.secretUse()); err != nil {
		return c, fmt.Errorf("channel %s: %w", c.ID, err)
	}
	if c.Subscription != nil {
		s := *c.Subscription
		if s.Keys.Auth, err = k.Open(s.Keys.Auth, c.pushUse()); err != nil {
			return c, fmt.Errorf("channel %s: %w", c.ID, err)
		}
		c.Subscription = &s
	}
	return c, nil
}

// KeyName returns the name of the key that seals the channel's secret. It is seal.Clear for a secret in
// clear, and empty for a channel without a secret.
func (c Channel) KeyName() string {
	switch {
	case c.Secret != "":
		return seal.KeyOf(c.Secret)
	case c.Subscription != nil:
		return seal.KeyOf(c.Subscription.Keys.Auth)
	}
	return ""
}

// LockSecrets returns up to limit channels with a secret, in the order of their ids, after an id. It locks
// their rows until the transaction ends.
func LockSecrets(ctx context.Context, tx pgx.Tx, after uuid.UUID, limit int) ([]Channel, error) {
	return queryChannels(ctx, tx, `SELECT `+channelColumns+` FROM channels
		WHERE id > $1 AND (secret IS NOT NULL OR subscription IS NOT NULL) ORDER BY id LIMIT $2 FOR NO KEY UPDATE`, after, limit)
}

// StoreSecrets stores the secrets of a channel, which the transaction has locked. Nothing else of it
// changes: it has the same target as before.
func StoreSecrets(ctx context.Context, tx pgx.Tx, c Channel) error {
	_, err := tx.Exec(ctx, `UPDATE channels SET secret = nullif($2, ''), subscription = $3 WHERE id = $1`, c.ID, c.Secret, c.Subscription)
	if err != nil {
		return fmt.Errorf("store secrets of channel: %w", err)
	}
	return nil
}

// SealedWith is the number of channels whose secrets are sealed with a key. Key is seal.Clear for secrets
// in clear.
type SealedWith struct {
	Key      string `json:"key"`
	Channels int64  `json:"channels"`
}

// SecretKeys counts the channels with secrets by their key. It reads all channels.
func SecretKeys(ctx context.Context, tx pgx.Tx) ([]SealedWith, error) {
	rows, err := tx.Query(ctx, `
		SELECT CASE WHEN s LIKE 'sealed:%' THEN split_part(s, ':', 2) ELSE $1 END AS key, count(*)
		FROM (SELECT coalesce(secret, subscription #>> '{keys,auth}') AS s FROM channels) AS secrets
		WHERE s IS NOT NULL GROUP BY key ORDER BY key`, seal.Clear)
	if err != nil {
		return nil, fmt.Errorf("count secrets by key: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[SealedWith])
	if err != nil {
		return nil, fmt.Errorf("read secrets by key: %w", err)
	}
	return counts, nil
}
