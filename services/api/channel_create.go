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
	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// maxChannels is the largest number of channels of a user.
const maxChannels = 20

// createChannel creates a channel. A browser that has one gets it back, enabled and with its
// present keys. A browser belongs to the account and the session that registered it last.
func (s *service) createChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	var in apiv1.ChannelInput
	body, err := s.decode(w, r, &in)
	if err != nil {
		return err
	}
	if err := validateChannel(in); err != nil {
		return err
	}
	return s.commitDeliveries(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		// While the user's row is locked, no other request can add a channel.
		u, err := postgres.LockUser(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		if err := lockSession(ctx, tx, c); err != nil {
			return answer{}, err
		}
		existing, err := postgres.Channels(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		if in.Subscription != nil {
			if known := browserChannel(existing, in.Subscription.Endpoint, c); known != nil {
				known.Enabled, known.DisabledReason, known.Dismissed = in.Enabled == nil || *in.Enabled, "", false
				return s.storeSubscription(ctx, tx, *known, *in.Subscription, c)
			}
		}
		if len(existing) >= maxChannels {
			return answer{}, task.Errorf(task.CodeConflict, "there are %d channels already, delete one first", len(existing))
		}
		channel, err := s.newChannel(in, u, existing)
		if err != nil {
			return answer{}, err
		}
		if channel.Subscription != nil {
			channel.SessionID = sessionID(c)
			if err := postgres.TakeBrowser(ctx, tx, channel); err != nil {
				return answer{}, err
			}
		}
		if err := postgres.InsertChannel(ctx, tx, channel.Sealed(s.keys)); err != nil {
			return answer{}, err
		}
		if channel.Kind == postgres.ChannelEmail && u.ConfirmedAt == nil {
			if err := s.deliveries.SendLink(ctx, tx, &u.ID, postgres.LinkConfirm, u.Email, s.instant()); err != nil {
				return answer{}, err
			}
		}
		shown := apiv1.ChannelWithSecret{Channel: shownChannel(channel), Secret: channel.Secret}
		repeated := apiv1.ChannelWithSecret{Channel: shown.Channel, ShownOnce: channel.Secret != ""}
		return answer{
			Status: http.StatusCreated,
			Header: map[string]string{"Location": "/api/v1/channels/" + channel.ID.String(), "Cache-Control": "no-store"},
			Body:   shown, Repeated: repeated,
		}, nil
	})
}

// newChannel returns a channel for valid input. An e-mail channel leads only to the account's own
// address. Otherwise anybody could have mail sent to anybody.
func (s *service) newChannel(in apiv1.ChannelInput, u postgres.User, existing []postgres.Channel) (postgres.Channel, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return postgres.Channel{}, fmt.Errorf("create channel id: %w", err)
	}
	now := s.instant()
	c := postgres.Channel{ID: id, UserID: u.ID, Kind: in.Kind, URL: in.URL, Enabled: in.Enabled == nil || *in.Enabled, CreatedAt: now, UpdatedAt: now}
	switch in.Kind {
	case postgres.ChannelWebhook:
		c.Secret = newSigningSecret()
	case postgres.ChannelWebPush:
		c.Subscription = storedSubscription(*in.Subscription)
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

// newSigningSecret returns a random secret in the format of Standard Webhooks.
func newSigningSecret() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(secret)
}

// browserChannel returns the channel of a browser: the one with its endpoint, else the one of the
// caller's session. It returns nil if there is none.
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

// storeSubscription stores the present subscription of a browser in its channel. The caller has
// locked the session.
func (s *service) storeSubscription(ctx context.Context, tx pgx.Tx, channel postgres.Channel, in apiv1.PushSubscription, c caller) (answer, error) {
	channel.Subscription, channel.SessionID, channel.UpdatedAt = storedSubscription(in), sessionID(c), s.instant()
	if err := postgres.TakeBrowser(ctx, tx, channel); err != nil {
		return answer{}, err
	}
	return answer{Status: http.StatusOK, Body: shownChannel(channel)}, postgres.UpdateChannel(ctx, tx, channel.Sealed(s.keys))
}

// sessionID returns the session that a registered browser belongs to. It returns nil for an API
// token.
func sessionID(c caller) *uuid.UUID {
	if c.Session == nil {
		return nil
	}
	return &c.Session.ID
}

// lockSession locks the caller's session until the transaction ends. A change of a channel locks
// the session before the channel, like the end of a session. In another order the two would
// deadlock.
func lockSession(ctx context.Context, tx pgx.Tx, c caller) error {
	if c.Session == nil {
		return nil
	}
	err := postgres.LockSession(ctx, tx, c.Session.ID)
	if task.ErrorCode(err) == task.CodeNotFound {
		return task.Errorf(task.CodeUnauthorized, "the session has ended")
	}
	return err
}

// renewChannel stores the new push subscription of a browser (Push API, pushsubscriptionchange). It
// never creates a channel, because the person may have logged out in that browser. It returns code
// not_found if the browser is not a channel of the caller.
func (s *service) renewChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	var in apiv1.ChannelRenewal
	body, err := s.decode(w, r, &in)
	if err != nil {
		return err
	}
	if err := server.Validate(in); err != nil {
		return err
	}
	if err := task.InvalidFields(checkSubscription(in.Subscription)); err != nil {
		return err
	}
	return s.commit(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		if _, err := postgres.LockUser(ctx, tx, c.UserID); err != nil {
			return answer{}, err
		}
		if err := lockSession(ctx, tx, c); err != nil {
			return answer{}, err
		}
		existing, err := postgres.Channels(ctx, tx, c.UserID)
		if err != nil {
			return answer{}, err
		}
		channel := browserChannel(existing, in.OldEndpoint, c)
		if channel == nil {
			return answer{}, task.Errorf(task.CodeNotFound, "this browser is not a channel of the account")
		}
		// The old subscription may have failed before this request. A channel that its owner
		// disabled stays disabled.
		if channel.DisabledReason != "" {
			channel.Enabled, channel.DisabledReason, channel.Dismissed = true, "", false
		}
		return s.storeSubscription(ctx, tx, *channel, in.Subscription, c)
	})
}
