package main

import (
	"context"
	"net/url"
	"strings"
	"time"
)

// listed is a page of what api lists; settings read all that a user can have of a thing at once.
type listed[T any] struct {
	Items []T `json:"items"`
}

// apiSession is a login in a browser.
type apiSession struct {
	ID         string    `json:"id"`
	UserAgent  string    `json:"user_agent"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	Current    bool      `json:"current"`
}

// apiToken is an API token; Token is what programs send, and is there once.
type apiToken struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scopes    []string   `json:"scopes"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
	Token     string     `json:"token"`
}

// apiChannel is a way to reach the user; Secret signs a webhook's messages, and is there once.
type apiChannel struct {
	ID             string    `json:"id"`
	Kind           string    `json:"kind"`
	URL            string    `json:"url"`
	Address        string    `json:"address"`
	Endpoint       string    `json:"endpoint"`
	Enabled        bool      `json:"enabled"`
	DisabledReason *string   `json:"disabled_reason"`
	CreatedAt      time.Time `json:"created_at"`
	Secret         string    `json:"secret"`
}

// endedChannel is a channel that the system disabled.
type endedChannel struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Where  string `json:"where"`
	Reason string `json:"reason"`
}

// Words says what the end of the channel means.
func (c endedChannel) Words() string {
	about := map[string]string{"web_push": "one of your browsers", "email": "your mailbox"}[c.Kind]
	if about == "" {
		about = "one of your webhooks"
	}
	return "Reminders no longer reach " + about + " (" + c.Where + "): " + strings.TrimSuffix(c.Reason, ".") + "."
}

// apiDelivery is a notification to a channel, and how far it got.
type apiDelivery struct {
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

func all[T any](ctx context.Context, s *session, path string) ([]T, error) {
	var l listed[T]
	err := s.call(ctx, "GET", path, nil, &l)
	return l.Items, err
}

// itemPath is where a thing with an id is found beneath a path.
func itemPath(path, id string) string { return path + "/" + url.PathEscape(id) }
