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

// The kinds of channels.
const (
	ChannelWebhook = "webhook"
	ChannelEmail   = "email"
	ChannelWebPush = "web_push"
)

// Channel is a way to reach a user. Exactly one of URL (webhook), Address (email) and Subscription
// (web_push) is set, according to Kind.
type Channel struct {
	ID           uuid.UUID
	UserID       uuid.UUID
	Kind         string
	URL          string
	Address      string
	Subscription *Subscription
	// Secret signs the messages of a webhook. It is whsec_ followed by base64.
	Secret  string
	Enabled bool
	// DisabledReason is why the system disabled the channel. It is empty if the owner did or if the
	// channel is enabled.
	DisabledReason string
	CreatedAt      time.Time
	UpdatedAt      time.Time
	// SessionID is the session that registered a browser. The channel ends with the session. It is
	// nil if an API token registered the browser.
	SessionID *uuid.UUID
	// Dismissed reports that the owner has read why the system disabled the channel.
	Dismissed bool
}

// Subscription is a browser's push subscription in the form of PushSubscription.toJSON. It is
// secret: anyone with the endpoint and the keys can send to that browser.
type Subscription struct {
	Endpoint string           `json:"endpoint"`
	Keys     SubscriptionKeys `json:"keys"`
}

// SubscriptionKeys are a browser's public key and secret (RFC 8291), in base64url.
type SubscriptionKeys struct {
	P256dh string `json:"p256dh"`
	Auth   string `json:"auth"`
}

const channelColumns = `id, user_id, kind, coalesce(url, ''), coalesce(address, ''), subscription, coalesce(secret, ''), enabled,
	coalesce(disabled_reason, ''), created_at, updated_at, session_id, dismissed`

// InsertChannel stores a new channel.
func InsertChannel(ctx context.Context, tx pgx.Tx, c Channel) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO channels (id, user_id, kind, url, address, subscription, secret, enabled, disabled_reason, created_at, updated_at, session_id)
		VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), $6, nullif($7, ''), $8, nullif($9, ''), $10, $11, $12)`,
		c.ID, c.UserID, c.Kind, c.URL, c.Address, c.Subscription, c.Secret, c.Enabled, c.DisabledReason, c.CreatedAt, c.UpdatedAt, c.SessionID)
	if err != nil {
		return fmt.Errorf("insert channel: %w", err)
	}
	return nil
}

// Channels returns a user's channels, the oldest first.
func Channels(ctx context.Context, tx pgx.Tx, userID uuid.UUID) ([]Channel, error) {
	return queryChannels(ctx, tx, `SELECT `+channelColumns+` FROM channels WHERE user_id = $1 ORDER BY id`, userID)
}

// EnabledChannels returns a user's channels that receive notifications. It leaves out browsers
// whose session has expired, although the session's row exists until it is purged.
func EnabledChannels(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time) ([]Channel, error) {
	return queryChannels(ctx, tx, `SELECT `+channelColumns+` FROM channels WHERE user_id = $1 AND enabled
		AND (session_id IS NULL OR EXISTS (SELECT FROM sessions s WHERE s.id = session_id AND s.expires_at > $2)) ORDER BY id`, userID, now)
}

// ChannelByID returns one of a user's channels. It returns code not_found if the user has no such
// channel.
func ChannelByID(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) (Channel, error) {
	return oneChannel(ctx, tx, `SELECT `+channelColumns+` FROM channels WHERE user_id = $1 AND id = $2`, userID, id)
}

// LockChannel returns the same as ChannelByID and locks the row until the transaction ends.
// Deliveries to the channel can still be inserted.
func LockChannel(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) (Channel, error) {
	return oneChannel(ctx, tx, `SELECT `+channelColumns+` FROM channels WHERE user_id = $1 AND id = $2 FOR NO KEY UPDATE`, userID, id)
}

// UpdateChannel stores the changeable fields of a channel. Lock the channel first.
func UpdateChannel(ctx context.Context, tx pgx.Tx, c Channel) error {
	_, err := tx.Exec(ctx, `
		UPDATE channels SET url = nullif($3, ''), subscription = $4, enabled = $5, disabled_reason = nullif($6, ''), updated_at = $7, session_id = $8, dismissed = $9
		WHERE user_id = $1 AND id = $2`, c.UserID, c.ID, c.URL, c.Subscription, c.Enabled, c.DisabledReason, c.UpdatedAt, c.SessionID, c.Dismissed)
	if err != nil {
		return fmt.Errorf("update channel: %w", err)
	}
	return nil
}

// TakeBrowser makes a push channel the only one of its browser. It deletes the channels of all
// users with the same endpoint, and the other channels of the same session. Concurrent transactions
// that register the browser wait until this one ends.
func TakeBrowser(ctx context.Context, tx pgx.Tx, c Channel) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, hashtext($2))`, endpointLock, c.Subscription.Endpoint); err != nil {
		return fmt.Errorf("lock push endpoint: %w", err)
	}
	_, err := tx.Exec(ctx, `DELETE FROM channels WHERE (subscription ->> 'endpoint' = $1 OR session_id = $2) AND id <> $3`,
		c.Subscription.Endpoint, c.SessionID, c.ID)
	if err != nil {
		return fmt.Errorf("take push endpoint: %w", err)
	}
	return nil
}

// endpointLock is the class of the advisory locks that serialize registrations of the same browser.
const endpointLock = 7_301_004

// MoveBrowser moves the push channel of a session to another session of the same user.
func MoveBrowser(ctx context.Context, tx pgx.Tx, from, to Session) error {
	_, err := tx.Exec(ctx, `UPDATE channels SET session_id = $2 WHERE session_id = $1 AND user_id = $3`, from.ID, to.ID, to.UserID)
	if err != nil {
		return fmt.Errorf("move push channel to another session: %w", err)
	}
	return nil
}

// DisableChannel disables an undeliverable channel and stores the reason. It leaves a channel alone
// that was changed after c was read, because the reason is about the earlier target. It reports
// whether it disabled the channel.
func DisableChannel(ctx context.Context, tx pgx.Tx, c Channel, reason string, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE channels SET enabled = false, disabled_reason = $3, dismissed = false, updated_at = $4 WHERE id = $1 AND updated_at = $2 AND enabled`,
		c.ID, c.UpdatedAt, reason, now)
	if err != nil {
		return false, fmt.Errorf("disable channel: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// DeleteChannel deletes a channel. Its deliveries stay, and pending ones are given up. It returns
// code not_found if the user has no such channel.
func DeleteChannel(ctx context.Context, tx pgx.Tx, userID, id uuid.UUID) error {
	return execOne(ctx, tx, "delete channel", errNoChannel, `DELETE FROM channels WHERE user_id = $1 AND id = $2`, userID, id)
}

var errNoChannel = task.Errorf(task.CodeNotFound, "there is no such channel")

func oneChannel(ctx context.Context, tx pgx.Tx, sql string, args ...any) (Channel, error) {
	channels, err := queryChannels(ctx, tx, sql, args...)
	if err != nil {
		return Channel{}, err
	}
	if len(channels) == 0 {
		return Channel{}, errNoChannel
	}
	return channels[0], nil
}

func queryChannels(ctx context.Context, tx pgx.Tx, sql string, args ...any) ([]Channel, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("query channels: %w", err)
	}
	channels, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Channel, error) {
		c, err := pgx.RowToStructByPos[Channel](row)
		c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("read channels: %w", err)
	}
	return channels, nil
}

// channelOrNone returns a channel by its id alone, for work on behalf of its owner. It returns nil
// if the channel was deleted.
func channelOrNone(ctx context.Context, tx pgx.Tx, id *uuid.UUID) (*Channel, error) {
	if id == nil {
		return nil, nil
	}
	c, err := oneChannel(ctx, tx, `SELECT `+channelColumns+` FROM channels WHERE id = $1`, *id)
	if errors.Is(err, errNoChannel) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &c, nil
}
