package client

import (
	"context"
	"net/url"
	"strings"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// Session is a login in a browser.
type Session struct {
	ID         string    `json:"id"`
	UserAgent  string    `json:"user_agent"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	Current    bool      `json:"current"`
}

// Token is an API token. Token is the secret that programs send. It is set only in the response
// that creates the token. A repetition of that request gets ShownOnce instead.
type Token struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
	Token     string     `json:"token"`
	ShownOnce bool       `json:"shown_once"`
}

// Channel is a notification channel. Secret signs the messages of a webhook. It is set only in
// the response that creates the channel. A repetition of that request gets ShownOnce instead.
type Channel struct {
	ID             string    `json:"id"`
	Kind           string    `json:"kind"`
	URL            string    `json:"url"`
	Address        string    `json:"address"`
	Endpoint       string    `json:"endpoint"`
	Enabled        bool      `json:"enabled"`
	DisabledReason *string   `json:"disabled_reason"`
	CreatedAt      time.Time `json:"created_at"`
	Secret         string    `json:"secret"`
	ShownOnce      bool      `json:"shown_once"`
}

// EndedChannel is a channel that the system disabled.
type EndedChannel struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Where  string `json:"where"`
	Reason string `json:"reason"`
}

// Words describes the ended channel to the user.
func (e EndedChannel) Words() string {
	about := map[string]string{"web_push": "one of your browsers", "email": "your mailbox"}[e.Kind]
	if about == "" {
		about = "one of your webhooks"
	}
	return "Reminders no longer reach " + about + " (" + e.Where + "): " + strings.TrimSuffix(e.Reason, ".") + "."
}

// Delivery is a notification to a channel and its state.
type Delivery struct {
	ID            string     `json:"id"`
	ChannelID     *string    `json:"channel_id"`
	ChannelKind   string     `json:"channel_kind"`
	TaskID        *string    `json:"task_id"`
	Test          bool       `json:"test"`
	State         string     `json:"state"`
	Attempts      int        `json:"attempts"`
	Reason        *string    `json:"reason"`
	CreatedAt     time.Time  `json:"created_at"`
	NextAttemptAt *time.Time `json:"next_attempt_at"`
}

// All returns the items of the list at path. The settings read all items of a kind in one page.
func All[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var l apiv1.Page[T]
	err := c.Call(ctx, "GET", path, nil, &l)
	return l.Items, err
}

// ItemPath returns the path of an item with an id below path.
func ItemPath(path, id string) string { return path + "/" + url.PathEscape(id) }

// PushKey returns the server's public key for push subscriptions, or "" when push is not configured.
func (c *Client) PushKey(ctx context.Context) (string, error) {
	var out apiv1.PushKey
	err := c.Call(ctx, "GET", "/push-key", nil, &out)
	if task.ErrorCode(err) == task.CodeNotFound {
		return "", nil
	}
	return out.PublicKey, err
}
