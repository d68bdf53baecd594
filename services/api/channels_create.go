package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/postgres"
	"taskmaster/services/task"
)

// maxChannels is how many channels a user has at most.
const maxChannels = 20

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
	_, _ = rand.Read(secret) // never fails
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
