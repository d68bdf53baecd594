package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// maxChannels is how many channels a user has at most.
const maxChannels = 20

// createChannel adds a channel. A browser that is one already gets it back, enabled and with its present keys. A browser belongs to
// the account that registered it last, and to the session that did.
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
		if err := holdSession(ctx, tx, c); err != nil {
			return answer{}, err
		}
		existing, err := postgres.Channels(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		if in.Subscription != nil {
			if known := browserChannel(existing, in.Subscription.Endpoint, c); known != nil {
				known.Enabled, known.DisabledReason, known.Dismissed = in.Enabled == nil || *in.Enabled, "", false
				return a.storeSubscription(ctx, tx, *known, *in.Subscription, c)
			}
		}
		if len(existing) >= maxChannels {
			return answer{}, task.Errorf(task.CodeConflict, "there are %d channels already, delete one first", len(existing))
		}
		channel, err := a.newChannel(in, u, existing)
		if err != nil {
			return answer{}, err
		}
		if channel.Subscription != nil {
			channel.SessionID = sessionID(c)
			if err := postgres.TakeBrowser(ctx, tx, channel); err != nil {
				return answer{}, err
			}
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
		if address, _ := account.NormalizeEmail(in.Address); address != u.Email {
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

// browserChannel returns the channel of a browser: the one with its endpoint, else the one of the caller's session; nil when there
// is none.
func browserChannel(channels []postgres.Channel, endpoint string, c caller) *postgres.Channel {
	var found *postgres.Channel
	for _, e := range channels {
		switch {
		case e.Subscription == nil:
		case e.Subscription.Endpoint == endpoint:
			return &e
		case c.Session != nil && e.SessionID != nil && *e.SessionID == c.Session.ID:
			found = &e
		}
	}
	return found
}

// storeSubscription gives a channel the present subscription of its browser. The caller holds the session.
func (a *api) storeSubscription(ctx context.Context, tx pgx.Tx, channel postgres.Channel, s subscriptionInput, c caller) (answer, error) {
	channel.Subscription, channel.SessionID, channel.UpdatedAt = s.stored(), sessionID(c), a.instant()
	if err := postgres.TakeBrowser(ctx, tx, channel); err != nil {
		return answer{}, err
	}
	return answer{Status: http.StatusOK, Body: newChannelBody(channel)}, postgres.UpdateChannel(ctx, tx, channel)
}

// sessionID returns the session to which a browser that the caller registers belongs; nil for an API token.
func sessionID(c caller) *uuid.UUID {
	if c.Session == nil {
		return nil
	}
	return &c.Session.ID
}

// holdSession keeps the caller's session until the transaction ends. Changes of channels lock the session before the channel, as
// the end of a session does: else the two deadlock.
func holdSession(ctx context.Context, tx pgx.Tx, c caller) error {
	if c.Session == nil {
		return nil
	}
	err := postgres.LockSession(ctx, tx, c.Session.ID)
	if task.ErrorCode(err) == task.CodeNotFound {
		return task.Errorf(task.CodeUnauthorized, "the session has ended")
	}
	return err
}

type renewInput struct {
	// OldEndpoint is the endpoint that the browser had before; "" when the browser does not say.
	OldEndpoint  string            `json:"old_endpoint" validate:"max=2000"`
	Subscription subscriptionInput `json:"subscription"`
}

// renewChannel follows a browser that renewed its push subscription (Push API, pushsubscriptionchange). It never adds a channel:
// the person may have logged out of the browser. Code not_found when the browser is no channel of the caller's.
func (a *api) renewChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	var in renewInput
	body, err := a.decode(w, r, &in)
	if err != nil {
		return err
	}
	if err := server.Validate(in); err != nil {
		return err
	}
	if err := task.InvalidFields(in.Subscription.check()); err != nil {
		return err
	}
	return a.change(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		if _, err := postgres.LockUser(ctx, tx, c.UserID); err != nil {
			return answer{}, err
		}
		if err := holdSession(ctx, tx, c); err != nil {
			return answer{}, err
		}
		existing, err := postgres.Channels(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		channel := browserChannel(existing, in.OldEndpoint, c)
		if channel == nil {
			return answer{}, task.Errorf(task.CodeNotFound, "this browser is no channel of the account")
		}
		// The old subscription may have failed before this request. A channel that its owner disabled stays disabled.
		if channel.DisabledReason != "" {
			channel.Enabled, channel.DisabledReason, channel.Dismissed = true, "", false
		}
		return a.storeSubscription(ctx, tx, *channel, in.Subscription, c)
	})
}
