package main

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
)

// channelBody is a channel as the API shows it. It has no keys of a push subscription. The signing
// secret of a webhook is shown only in the answer that creates it. ShownOnce is set in the answer to
// a repeated request, which lacks the secret.
type channelBody struct {
	ID       uuid.UUID `json:"id"`
	Kind     string    `json:"kind"`
	URL      string    `json:"url,omitempty"`
	Address  string    `json:"address,omitempty"`
	Endpoint string    `json:"endpoint,omitempty"`
	Enabled  bool      `json:"enabled"`
	// DisabledReason is the reason for which the system disabled the channel.
	DisabledReason *string `json:"disabled_reason"`
	// Dismissed reports whether the owner has seen the reason.
	Dismissed bool      `json:"dismissed"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Secret    string    `json:"secret,omitempty"`
	ShownOnce bool      `json:"shown_once,omitempty"`
}

func newChannelBody(c postgres.Channel) channelBody {
	b := channelBody{ID: c.ID, Kind: c.Kind, URL: c.URL, Address: c.Address, Enabled: c.Enabled,
		DisabledReason: textOrNull(c.DisabledReason), Dismissed: c.Dismissed, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
	if c.Subscription != nil {
		b.Endpoint = c.Subscription.Endpoint
	}
	return b
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// listChannels returns the caller's channels, the oldest first.
func (s *service) listChannels(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "cursor", "limit")
	limit := q.limit()
	var after uuid.UUID
	q.cursor(&after)
	if err := q.err(); err != nil {
		return err
	}
	var channels []postgres.Channel
	err := s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		channels, err = postgres.Channels(ctx, tx, c.UserID) // at most maxChannels
		return err
	})
	if err != nil {
		return err
	}
	bodies := []channelBody{}
	for _, channel := range channels {
		if bytes.Compare(channel.ID[:], after[:]) > 0 {
			bodies = append(bodies, newChannelBody(channel))
		}
	}
	out, err := newPage(bodies, limit, func(b channelBody) any { return b.ID })
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, out)
}

func (s *service) getChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var channel postgres.Channel
	err = s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) error {
		channel, err = postgres.ChannelByID(ctx, tx, c.UserID, id)
		return err
	})
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, newChannelBody(channel))
}

// patchChannel enables, disables or redirects a channel, or notes that its owner has seen the
// reason for its end.
func (s *service) patchChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var in channelPatch
	body, err := s.decode(w, r, &in)
	if err != nil {
		return err
	}
	return s.commit(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		if err := lockSession(ctx, tx, c); err != nil {
			return answer{}, err
		}
		channel, err := postgres.LockChannel(ctx, tx, c.UserID, id)
		if err != nil {
			return answer{}, err
		}
		if err := in.apply(&channel); err != nil {
			return answer{}, err
		}
		if in.Subscription != nil {
			return s.storeSubscription(ctx, tx, channel, *in.Subscription, c)
		}
		channel.UpdatedAt = s.instant()
		return answer{Status: http.StatusOK, Body: newChannelBody(channel)}, postgres.UpdateChannel(ctx, tx, channel)
	})
}

// deleteChannel deletes a channel. Deliveries that are on their way are given up.
func (s *service) deleteChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return s.commit(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		return answer{Status: http.StatusNoContent}, postgres.DeleteChannel(ctx, tx, c.UserID, id)
	})
}
