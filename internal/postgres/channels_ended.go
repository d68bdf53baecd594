package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ChannelEnded is the type of the message about an ended channel. It is sent to the user's other
// channels.
const ChannelEnded = "channel.ended"

// EndedChannel describes a channel that the system disabled. It holds no secret, because it is sent
// to the other channels.
type EndedChannel struct {
	ID   uuid.UUID `json:"id"`
	Kind string    `json:"kind"`
	// Where is the host of a webhook or push service, or the e-mail address.
	Where  string `json:"where"`
	Reason string `json:"reason"`
}

// EndedNotice is the message that a channel ended.
type EndedNotice struct {
	Type string    `json:"type"`
	Time time.Time `json:"time"`
	Data EndedData `json:"data"`
}

// EndedData is the data of an EndedNotice.
type EndedData struct {
	EventType string       `json:"event_type"`
	UserID    uuid.UUID    `json:"user_id"`
	Timestamp time.Time    `json:"timestamp"`
	Channel   EndedChannel `json:"channel"`
}

// Ended returns the description of a disabled channel for the other channels.
func (c Channel) Ended() EndedChannel {
	return EndedChannel{ID: c.ID, Kind: c.Kind, Where: c.Where(), Reason: c.DisabledReason}
}

// Where returns the target of a channel without the parts of a URL that may be secret.
func (c Channel) Where() string {
	raw := c.URL
	if c.Subscription != nil {
		raw = c.Subscription.Endpoint
	}
	if raw == "" {
		return c.Address
	}
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

// EndedChannels returns the user's channels that the system disabled and the owner has not
// dismissed, the oldest first.
func EndedChannels(ctx context.Context, tx pgx.Tx, userID uuid.UUID) ([]Channel, error) {
	return queryChannels(ctx, tx, `SELECT `+channelColumns+` FROM channels
		WHERE user_id = $1 AND disabled_reason IS NOT NULL AND NOT dismissed ORDER BY id`, userID)
}

// InsertEndedNotices stores deliveries of the message about an ended channel to the user's enabled
// channels, and returns them. Lock the user first.
func InsertEndedNotices(ctx context.Context, tx pgx.Tx, ended Channel, now time.Time) ([]Delivery, error) {
	channels, err := EnabledChannels(ctx, tx, ended.UserID, now)
	if err != nil || len(channels) == 0 {
		return nil, err
	}
	now = now.UTC().Truncate(time.Microsecond)
	raw, err := json.Marshal(EndedNotice{Type: ChannelEnded, Time: now,
		Data: EndedData{EventType: ChannelEnded, UserID: ended.UserID, Timestamp: now, Channel: ended.Ended()}})
	if err != nil {
		return nil, fmt.Errorf("encode notice of channel %s: %w", ended.ID, err)
	}
	id := uuid.Must(uuid.NewV7())
	deliveries := make([]Delivery, len(channels))
	for i, c := range channels {
		deliveries[i] = Delivery{ID: uuid.Must(uuid.NewV7()), UserID: c.UserID, ChannelID: &c.ID, ChannelKind: c.Kind, EventID: id,
			State: DeliveryPending, CreatedAt: now, UpdatedAt: now, NextAttemptAt: &now}
	}
	return deliveries, insertDeliveries(ctx, tx, id, raw, deliveries)
}

// sessionExpired is the reason for disabling the channel of an expired session.
const sessionExpired = "nobody used TaskMaster in that browser for a long time, and its session has ended"

// ExpiredBrowserOwners returns up to limit users with a push channel of an expired session.
func ExpiredBrowserOwners(ctx context.Context, tx pgx.Tx, now time.Time, limit int) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `
		SELECT DISTINCT c.user_id FROM channels c JOIN sessions s ON s.id = c.session_id WHERE s.expires_at <= $1 LIMIT $2`, now, limit)
	if err != nil {
		return nil, fmt.Errorf("query browsers of expired sessions: %w", err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("read browsers of expired sessions: %w", err)
	}
	return users, nil
}

// ExpireBrowsers disables the push channels of a user's expired sessions. It returns the channels
// that were enabled. Lock the user first.
func ExpireBrowsers(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time) ([]Channel, error) {
	const expired = `user_id = $1 AND session_id IN (SELECT id FROM sessions WHERE user_id = $1 AND expires_at <= $2)`
	channels, err := queryChannels(ctx, tx, `
		UPDATE channels SET session_id = NULL, enabled = false, disabled_reason = $3, dismissed = false, updated_at = $2
		WHERE enabled AND `+expired+` RETURNING `+channelColumns, userID, now, sessionExpired)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `UPDATE channels SET session_id = NULL WHERE `+expired, userID, now); err != nil {
		return nil, fmt.Errorf("release channels of expired sessions: %w", err)
	}
	return channels, nil
}
