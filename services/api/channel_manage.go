package main

import (
	"bytes"
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
)

// shownChannel returns a channel as the API shows it.
func shownChannel(c postgres.Channel) apiv1.Channel {
	b := apiv1.Channel{ID: c.ID, Kind: c.Kind, URL: c.URL, Address: c.Address, Enabled: c.Enabled,
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
	bodies := []apiv1.Channel{}
	for _, channel := range channels {
		if bytes.Compare(channel.ID[:], after[:]) > 0 {
			bodies = append(bodies, shownChannel(channel))
		}
	}
	out, err := newPage(bodies, limit, func(b apiv1.Channel) any { return b.ID })
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, out)
}

func (s *service) getChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	channel, err := readItem(s, r, c, postgres.ChannelByID)
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, shownChannel(channel))
}

// patchChannel enables, disables or redirects a channel, or notes that its owner has seen the
// reason for its end.
func (s *service) patchChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var in apiv1.ChannelPatch
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
		if err := patchFields(in, &channel); err != nil {
			return answer{}, err
		}
		if in.Subscription != nil {
			return s.storeSubscription(ctx, tx, channel, *in.Subscription, c)
		}
		channel.UpdatedAt = s.instant()
		return answer{Status: http.StatusOK, Body: shownChannel(channel)}, postgres.UpdateChannel(ctx, tx, channel)
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
