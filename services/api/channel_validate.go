package main

import (
	"crypto/ecdh"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// maxURL is the longest URL of a channel, in bytes.
const maxURL = 2000

// validateChannel reports every bad field of a new channel. The field of the kind is required: url,
// address or subscription.
func validateChannel(in apiv1.ChannelInput) error {
	in.Address = strings.TrimSpace(in.Address)
	if err := server.Validate(in); err != nil {
		return err
	}
	var bad []task.FieldError
	for _, f := range []struct {
		kind, field string
		given       bool
	}{
		{postgres.ChannelWebhook, "url", in.URL != ""},
		{postgres.ChannelEmail, "address", in.Address != ""},
		{postgres.ChannelWebPush, "subscription", in.Subscription != nil},
	} {
		if f.given && f.kind != in.Kind {
			bad = append(bad, task.FieldError{Field: f.field, Message: "is for channels of kind " + f.kind})
		} else if !f.given && f.kind == in.Kind {
			bad = append(bad, task.FieldError{Field: f.field, Message: "is required"})
		}
	}
	if in.URL != "" {
		bad = append(bad, checkURL("url", in.URL)...)
	}
	if in.Subscription != nil {
		bad = append(bad, checkSubscription(*in.Subscription)...)
	}
	return task.InvalidFields(bad)
}

// patchFields changes a channel, or reports every field that it cannot change. A channel that is
// enabled again has no disabled_reason.
func patchFields(in apiv1.ChannelPatch, c *postgres.Channel) error {
	var bad []task.FieldError
	if in.URL != nil {
		if c.Kind != postgres.ChannelWebhook {
			bad = append(bad, task.FieldError{Field: "url", Message: "is for channels of kind webhook"})
		}
		bad = append(bad, checkURL("url", *in.URL)...)
		c.URL = *in.URL
	}
	if in.Subscription != nil {
		if c.Kind != postgres.ChannelWebPush {
			bad = append(bad, task.FieldError{Field: "subscription", Message: "is for channels of kind web_push"})
		}
		bad = append(bad, checkSubscription(*in.Subscription)...)
		c.Subscription = storedSubscription(*in.Subscription)
	}
	if err := task.InvalidFields(bad); err != nil {
		return err
	}
	// A browser whose channel the system disabled is gone or belongs to somebody else by now. Only
	// the browser itself can enable the channel again.
	if c.Kind == postgres.ChannelWebPush && c.DisabledReason != "" && in.Enabled != nil && *in.Enabled && in.Subscription == nil {
		return task.Errorf(task.CodeConflict, "only that browser can turn reminders on again")
	}
	if in.Enabled != nil {
		c.Enabled, c.DisabledReason, c.Dismissed = *in.Enabled, "", false
	}
	if in.Dismissed != nil {
		c.Dismissed = *in.Dismissed && c.DisabledReason != ""
	}
	return nil
}

// checkURL checks the text of a URL. The address that it leads to is checked for every delivery.
func checkURL(field, raw string) []task.FieldError {
	u, err := url.Parse(raw)
	var message string
	switch {
	case len(raw) > maxURL:
		message = fmt.Sprintf("is longer than %d bytes", maxURL)
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		message = "is not an https:// URL"
	case !isPort(u.Port()):
		message = "has a port that is not 1 to 65535"
	case u.User != nil:
		message = "contains a user name or password; put a secret in the path or query"
	case u.Fragment != "":
		message = "has a fragment (#), which is never sent"
	default:
		return nil
	}
	return []task.FieldError{{Field: field, Message: message}}
}

// isPort reports whether the port of a URL is possible. "" is the port of the scheme.
func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}

// checkSubscription reports a subscription to which no message can be encrypted or sent.
func checkSubscription(s apiv1.PushSubscription) []task.FieldError {
	bad := checkURL("subscription.endpoint", s.Endpoint)
	key, err := decodeKey(s.Keys.P256dh)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(key)
	}
	if err != nil {
		bad = append(bad, task.FieldError{Field: "subscription.keys.p256dh", Message: "is not a P-256 public key in base64url"})
	}
	if auth, err := decodeKey(s.Keys.Auth); err != nil || len(auth) != 16 {
		bad = append(bad, task.FieldError{Field: "subscription.keys.auth", Message: "is not 16 bytes in base64url"})
	}
	return bad
}

// storedSubscription returns the subscription in the form of the database.
func storedSubscription(s apiv1.PushSubscription) *postgres.Subscription {
	return &postgres.Subscription{
		Endpoint: s.Endpoint,
		Keys:     postgres.SubscriptionKeys{P256dh: s.Keys.P256dh, Auth: s.Keys.Auth},
	}
}

func decodeKey(s string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
}
