package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/telemetry"
)

// webhookBody is the message to a webhook. It holds an event with its type and a webhookData, or
// the end of another channel with an EndedData.
type webhookBody struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

func newWebhookBody(a postgres.Attempt) webhookBody {
	if a.Ended != nil {
		return webhookBody{a.Ended.Type, a.Ended.Time, a.Ended.Data}
	}
	return webhookBody{a.Event.Type, a.Event.Time, webhookData{a.Event.Data, a.Delivery.Test}}
}

// webhookData is the data of an event. Test marks a test.
type webhookData struct {
	event.Data
	Test bool `json:"test,omitempty"`
}

// newWebhook returns the sender of webhooks by Standard Webhooks
// (https://www.standardwebhooks.com). The webhook-id is the delivery's ID and equal for all
// attempts. The webhook-timestamp is the time of the attempt. Any 2xx is success. 410 means that
// the receiver has ended the subscription.
func newWebhook(client *outbound) sender {
	return func(ctx context.Context, a postgres.Attempt) *failure {
		id, now := a.Delivery.ID.String(), time.Now()
		body, err := json.Marshal(newWebhookBody(a))
		if err != nil {
			return &failure{reason: "the message could not be written", permanent: true}
		}
		key, err := standardwebhooks.NewWebhook(a.Channel.Secret)
		if err != nil {
			return &failure{reason: "its signing secret is broken", permanent: true}
		}
		signature, err := key.Sign(id, now, body)
		if err != nil {
			return &failure{reason: "the message could not be signed", permanent: true}
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Channel.URL, bytes.NewReader(body))
		if err != nil {
			return &failure{reason: "its URL is broken", permanent: true}
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(standardwebhooks.HeaderWebhookID, id)
		r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
		r.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
		telemetry.Inject(ctx, r.Header)

		answer, err := client.Do(r)
		if err != nil {
			return unreached(ctx, err)
		}
		defer answer.Body.Close()
		switch status := answer.StatusCode; {
		case status >= 200 && status < 300:
			return nil
		case status == http.StatusGone:
			return &failure{reason: "its receiver answered 410 Gone", gone: true}
		}
		return answered(answer)
	}
}
