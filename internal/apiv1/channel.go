package apiv1

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Channel is a way to remind the user. It has no keys of a push subscription.
type Channel struct {
	ID   uuid.UUID `json:"id"`
	Kind string    `json:"kind"`
	// URL is for a webhook, Address for e-mail, and Endpoint for web push.
	URL      string `json:"url,omitempty"`
	Address  string `json:"address,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	Enabled  bool   `json:"enabled"`
	// DisabledReason is the reason for which the system disabled the channel.
	DisabledReason *string `json:"disabled_reason"`
	// Dismissed reports whether the owner has seen the reason.
	Dismissed bool      `json:"dismissed"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// ChannelWithSecret is the answer that creates a channel. Secret signs the messages of a webhook. It
// is shown only once: ShownOnce is set in the answer to a repeated request, which lacks it.
type ChannelWithSecret struct {
	Channel
	Secret    string `json:"secret,omitempty"`
	ShownOnce bool   `json:"shown_once,omitempty"`
}

// ChannelInput is the body of POST /channels. Of url, address and subscription, the one of the kind
// is required and the others are refused.
type ChannelInput struct {
	Kind         string            `json:"kind" validate:"required,oneof=webhook email web_push"`
	URL          string            `json:"url,omitempty"`
	Address      string            `json:"address,omitempty" validate:"omitempty,email,max=254"`
	Subscription *PushSubscription `json:"subscription,omitempty"`
	Enabled      *bool             `json:"enabled,omitempty"`
}

// PushSubscription is the result of PushSubscription.toJSON in a browser.
type PushSubscription struct {
	Endpoint string   `json:"endpoint"`
	Keys     PushKeys `json:"keys"`
	// ExpirationTime is a hint that browsers leave null. The push service reports an expired
	// subscription.
	ExpirationTime json.RawMessage `json:"expirationTime,omitempty"`
}

// PushKeys are a browser's public key and secret (RFC 8291), in base64url.
type PushKeys struct {
	P256dh string `json:"p256dh"`
	Auth   string `json:"auth"`
}

// ChannelPatch is the body of PATCH /channels/{id}. URL is for webhooks, and Subscription for web
// push.
type ChannelPatch struct {
	Enabled      *bool             `json:"enabled,omitempty"`
	URL          *string           `json:"url,omitempty"`
	Subscription *PushSubscription `json:"subscription,omitempty"`
	// Dismissed reports whether the owner has seen the reason for which the system disabled the
	// channel.
	Dismissed *bool `json:"dismissed,omitempty"`
}

// ChannelRenewal is the body of POST /channels/renew.
type ChannelRenewal struct {
	// OldEndpoint is the previous endpoint of the browser. It is empty if the browser does not know
	// it.
	OldEndpoint  string           `json:"old_endpoint,omitempty" validate:"max=2000"`
	Subscription PushSubscription `json:"subscription"`
}

// PushKey is the answer to GET /push-key: the key with which browsers subscribe to push.
type PushKey struct {
	PublicKey string `json:"public_key"`
}

// Delivery is a notification to a channel, and its state.
type Delivery struct {
	ID          uuid.UUID  `json:"id"`
	ChannelID   *uuid.UUID `json:"channel_id"`
	ChannelKind string     `json:"channel_kind"`
	EventID     uuid.UUID  `json:"event_id"`
	TaskID      *uuid.UUID `json:"task_id"`
	Test        bool       `json:"test"`
	State       string     `json:"state"`
	Attempts    int        `json:"attempts"`
	// Reason is the reason for which the last attempt failed.
	Reason        *string    `json:"reason"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
	NextAttemptAt *time.Time `json:"next_attempt_at"`
	SentAt        *time.Time `json:"sent_at"`
}
