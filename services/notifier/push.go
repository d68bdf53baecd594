package main

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"taskmaster/internal/postgres"
)

// pushTTL is how long a push service keeps a message for a browser that is offline.
const pushTTL = 24 * time.Hour

// pushMessage is the message to the page's service worker. A browser shows one notification per
// tag, however often the message comes.
type pushMessage struct {
	Title  string `json:"title"`
	Body   string `json:"body"`
	TaskID string `json:"task_id"`
	Tag    string `json:"tag"`
	URL    string `json:"url"`
	// Account is the ID of the reminded user. The service worker does nothing for another user who
	// has logged in meanwhile.
	Account string `json:"account"`
}

// newPush returns the sender of web push (RFC 8030). It encrypts messages for the browser (RFC
// 8291) and signs them with the VAPID key (RFC 8292). The statuses 404 and 410 mean that the
// subscription has ended.
func newPush(cfg config, client *outbound) (sender, error) {
	if cfg.VAPIDPrivateKey == "" {
		return func(context.Context, postgres.Attempt) *failure {
			return &failure{reason: "web push is not set up on this server", permanent: true}
		}, nil
	}
	if err := checkVAPID(cfg.VAPIDPublicKey, cfg.VAPIDPrivateKey); err != nil {
		return nil, err
	}
	return func(ctx context.Context, a postgres.Attempt) *failure {
		tag := base64.RawURLEncoding.EncodeToString(a.Delivery.ID[:])
		note := newNote(a, cfg.PublicURL)
		message := pushMessage{Title: note.Title, Body: note.Body, Tag: tag, URL: note.Link, Account: a.Delivery.UserID.String()}
		if a.Ended == nil {
			message.TaskID = a.Event.Data.TaskID.String()
		}
		payload, err := json.Marshal(message)
		if err != nil {
			return &failure{reason: "the message could not be written", permanent: true}
		}
		endpoint, err := url.Parse(a.Channel.Subscription.Endpoint)
		if err != nil || endpoint.Host == "" {
			return &failure{reason: "its endpoint is broken", permanent: true}
		}
		keys := webpush.Keys{P256dh: a.Channel.Subscription.Keys.P256dh, Auth: a.Channel.Subscription.Keys.Auth}
		watched := &watchedClient{client: client}
		answer, err := webpush.SendNotificationWithContext(ctx, payload, &webpush.Subscription{Endpoint: endpoint.String(), Keys: keys},
			&webpush.Options{
				HTTPClient:      watched,
				Subscriber:      strings.TrimPrefix(cfg.VAPIDSubject, "mailto:"),
				VAPIDPublicKey:  cfg.VAPIDPublicKey,
				VAPIDPrivateKey: cfg.VAPIDPrivateKey,
				Topic:           tag,
				TTL:             int(pushTTL.Seconds()),
				Urgency:         webpush.UrgencyHigh,
			})
		if err != nil && !watched.used {
			return &failure{reason: "its keys are broken", permanent: true}
		}
		if err != nil {
			return unreached(ctx, err)
		}
		defer answer.Body.Close()
		return pushAnswer(answer)
	}, nil
}

func pushAnswer(answer *http.Response) *failure {
	failed := answered(answer)
	switch status := answer.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusNotFound, status == http.StatusGone:
		return &failure{reason: "the browser's subscription is over", gone: true}
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
	case status >= 400 && status < 500:
		failed.permanent = true
	}
	return failed
}

// watchedClient records that a request was sent. An earlier error is caused by the subscription's
// keys.
type watchedClient struct {
	client *outbound
	used   bool
}

func (c *watchedClient) Do(r *http.Request) (*http.Response, error) {
	c.used = true
	return c.client.Do(r)
}

// checkVAPID checks that the keys are a pair on P-256.
func checkVAPID(public, private string) error {
	d, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(private, "="))
	if err != nil {
		return errors.New("VAPID_PRIVATE_KEY is not base64url")
	}
	key, err := ecdh.P256().NewPrivateKey(d)
	if err != nil {
		return errors.New("VAPID_PRIVATE_KEY is not a P-256 key")
	}
	if base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()) != strings.TrimRight(public, "=") {
		return errors.New("VAPID_PUBLIC_KEY is not that of VAPID_PRIVATE_KEY")
	}
	return nil
}
