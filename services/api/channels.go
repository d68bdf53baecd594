package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/postgres"
	"taskmaster/services/server"
	"taskmaster/services/task"
)

// maxChannels is how many channels a user has at most.
const maxChannels = 20

// channelBody is a channel as the API shows it: a push subscription without its keys, and a webhook's signing secret only
// when it is made.
type channelBody struct {
	ID       uuid.UUID `json:"id"`
	Kind     string    `json:"kind"`
	URL      string    `json:"url,omitempty"`
	Address  string    `json:"address,omitempty"`
	Endpoint string    `json:"endpoint,omitempty"`
	Enabled  bool      `json:"enabled"`
	// DisabledReason says why the system disabled the channel.
	DisabledReason *string   `json:"disabled_reason"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	Secret         string    `json:"secret,omitempty"`
}

func newChannelBody(c postgres.Channel) channelBody {
	b := channelBody{ID: c.ID, Kind: c.Kind, URL: c.URL, Address: c.Address, Enabled: c.Enabled,
		DisabledReason: textOrNull(c.DisabledReason), CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
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

// createChannel adds a channel. A browser that is one already gets it back, enabled and with its present keys.
func (a *api) createChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	var in channelInput
	body, err := a.decode(w, r, &in)
	if err != nil {
		return err
	}
	if err := in.validate(); err != nil {
		return err
	}
	return a.change(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		// With the user's row held no other request can add one in between.
		u, err := postgres.LockUser(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		existing, err := postgres.Channels(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		if known := sameBrowser(existing, in); known != nil {
			return a.renewSubscription(ctx, tx, *known, in)
		}
		if len(existing) >= maxChannels {
			return answer{}, task.Errorf(task.CodeConflict, "there are %d channels already, delete one first", len(existing))
		}
		channel, err := a.newChannel(in, u, existing)
		if err != nil {
			return answer{}, err
		}
		if err := postgres.InsertChannel(ctx, tx, channel); err != nil {
			return answer{}, err
		}
		shown := newChannelBody(channel)
		shown.Secret = channel.Secret
		return answer{
			Status: http.StatusCreated,
			Header: map[string]string{"Location": "/api/v1/channels/" + channel.ID.String(), "Cache-Control": "no-store"},
			Body:   shown, Secret: shown.Secret != "",
		}, nil
	})
}

// newChannel makes a channel of valid input. An e-mail channel leads to the account's own address and to no other, or
// anybody could have mail sent to anybody.
func (a *api) newChannel(in channelInput, u postgres.User, existing []postgres.Channel) (postgres.Channel, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return postgres.Channel{}, fmt.Errorf("make channel id: %w", err)
	}
	now := a.instant()
	c := postgres.Channel{ID: id, UserID: u.ID, Kind: in.Kind, URL: in.URL, Enabled: in.Enabled == nil || *in.Enabled, CreatedAt: now, UpdatedAt: now}
	switch in.Kind {
	case postgres.ChannelWebhook:
		c.Secret = newSigningSecret()
	case postgres.ChannelWebPush:
		c.Subscription = in.Subscription.stored()
	case postgres.ChannelEmail:
		if strings.ToLower(in.Address) != u.Email {
			return postgres.Channel{}, task.Invalid("address", "is not the account's own e-mail address, and only that can be a channel")
		}
		c.Address = u.Email
		if slices.ContainsFunc(existing, func(e postgres.Channel) bool { return e.Address == c.Address }) {
			return postgres.Channel{}, task.Errorf(task.CodeConflict, "there is an e-mail channel with this address already")
		}
	}
	return c, nil
}

// newSigningSecret makes a secret as Standard Webhooks writes it.
func newSigningSecret() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(secret)
}

// sameBrowser returns the channel that has the subscription's endpoint, or nil.
func sameBrowser(existing []postgres.Channel, in channelInput) *postgres.Channel {
	for _, e := range existing {
		if in.Subscription != nil && e.Subscription != nil && e.Subscription.Endpoint == in.Subscription.Endpoint {
			return &e
		}
	}
	return nil
}

func (a *api) renewSubscription(ctx context.Context, tx pgx.Tx, c postgres.Channel, in channelInput) (answer, error) {
	c.Subscription = in.Subscription.stored()
	c.Enabled, c.DisabledReason, c.UpdatedAt = in.Enabled == nil || *in.Enabled, "", a.instant()
	return answer{Status: http.StatusOK, Body: newChannelBody(c)}, postgres.UpdateChannel(ctx, tx, c)
}

// listChannels lists the caller's channels, the oldest first.
func (a *api) listChannels(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "cursor", "limit")
	limit := q.limit()
	var after uuid.UUID
	q.cursor(&after)
	if err := q.err(); err != nil {
		return err
	}
	var channels []postgres.Channel
	err := a.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		channels, err = postgres.Channels(ctx, tx, c.UserID) // maxChannels at most
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

func (a *api) getChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var channel postgres.Channel
	err = a.read(r.Context(), func(ctx context.Context, tx pgx.Tx) error {
		channel, err = postgres.ChannelByID(ctx, tx, c.UserID, id)
		return err
	})
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, newChannelBody(channel))
}

// patchChannel enables, disables or redirects a channel.
func (a *api) patchChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	var in channelPatch
	body, err := a.decode(w, r, &in)
	if err != nil {
		return err
	}
	return a.change(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		channel, err := postgres.LockChannel(ctx, tx, c.UserID, id)
		if err != nil {
			return answer{}, err
		}
		if err := in.apply(&channel); err != nil {
			return answer{}, err
		}
		channel.UpdatedAt = a.instant()
		return answer{Status: http.StatusOK, Body: newChannelBody(channel)}, postgres.UpdateChannel(ctx, tx, channel)
	})
}

// deleteChannel removes a channel. What is still on its way there is given up.
func (a *api) deleteChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return a.change(w, r, c, nil, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		return answer{Status: http.StatusNoContent}, postgres.DeleteChannel(ctx, tx, c.UserID, id)
	})
}
