package sidecar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// maxDelivery is the maximum size of a request to a subscriber, in bytes. Brokers accept events of
// a megabyte, and base64 makes them longer. Our events have at most a tenth of that.
const maxDelivery = 2 << 20

// verdict is the answer of a subscriber
// (https://docs.dapr.io/reference/api/pubsub_api/#expected-http-response).
type verdict struct {
	Status string `json:"status"`
}

// The verdicts. Without an inbound retry policy and a dead letter topic, RETRY repeats for ever and
// DROP loses the event. The subscriptions in dapr/ have both.
const (
	success = "SUCCESS"
	retry   = "RETRY"
	drop    = "DROP"
)

// Subscriber returns the route that a subscription calls. If handle returns nil, also for a
// duplicate, the event is done. An error of code invalid or conflict sends the event to the dead
// letter topic. A repetition would fail too. After any other error the event comes again. A message
// that is not an event becomes a dead letter.
func Subscriber(log *slog.Logger, handle func(ctx context.Context, e event.Event) error) http.Handler {
	return MessageSubscriber(log, func(ctx context.Context, raw []byte) error {
		e, err := event.Decode(raw)
		if err != nil {
			return err
		}
		telemetry.SetUser(ctx, userOf(e))
		kind := e.Type
		if !event.Known(kind) {
			kind = "unknown" // anybody may invent types
		}
		ctx, end := telemetry.Consume(ctx, kind, e.Time, e.TraceParent)
		err = handle(ctx, e)
		end(err)
		if err != nil {
			return fmt.Errorf("%s %s: %w", e.Type, e.ID, err)
		}
		return nil
	})
}

// userOf returns the owner of an event, or "" for an event of an unknown type, which may have none.
func userOf(e event.Event) string {
	if e.Data.UserID == uuid.Nil {
		return ""
	}
	return e.Data.UserID.String()
}

// MessageSubscriber is Subscriber for a handler of the published bytes.
func MessageSubscriber(log *slog.Logger, handle func(ctx context.Context, raw []byte) error) http.Handler {
	return server.Handle(log, func(w http.ResponseWriter, r *http.Request) error {
		body, err := server.ReadBody(w, r, maxDelivery)
		if tooLarge, ok := errors.AsType[*server.StatusError](err); ok && tooLarge.Status == http.StatusRequestEntityTooLarge {
			err = task.Errorf(task.CodeInvalid, "%s", tooLarge.Detail) // a repetition would be as large
		} else if err == nil {
			raw := payload(body)
			if string(bytes.TrimSpace(raw)) == "null" {
				// A sidecar with JetStream panics (1.18) when it publishes null, also as a dead
				// letter, again and again. A null holds nothing worth keeping.
				log.ErrorContext(r.Context(), "null event dropped", "route", r.URL.Path)
				return server.Encode(w, http.StatusOK, verdict{success})
			}
			err = handle(r.Context(), raw)
		}
		v := verdict{success}
		switch task.ErrorCode(err) {
		case "":
		case task.CodeInvalid, task.CodeConflict:
			v.Status = drop
			log.ErrorContext(r.Context(), "event refused, it becomes a dead letter", "route", r.URL.Path, "error", err)
		default:
			v.Status = retry
			log.WarnContext(r.Context(), "event handling failed, it is retried", "route", r.URL.Path, "error", err)
		}
		return server.Encode(w, http.StatusOK, v)
	})
}
