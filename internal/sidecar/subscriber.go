package sidecar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"taskmaster/internal/event"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// maxDelivery is the largest request that a subscriber reads, in bytes. Brokers take events of a megabyte, which base64 makes
// longer; ours are at most a tenth of that.
const maxDelivery = 2 << 20

// verdict is what a subscriber answers (https://docs.dapr.io/reference/api/pubsub_api/#expected-http-response).
type verdict struct {
	Status string `json:"status"`
}

// The verdicts. Without an inbound retry policy and a dead letter topic RETRY is for ever and DROP loses the event; the
// subscriptions in dapr/ have both.
const (
	success = "SUCCESS"
	retry   = "RETRY"
	drop    = "DROP"
)

// Subscriber makes the route that a subscription calls. When handle returns nil, also for a duplicate, the event is done;
// code invalid or conflict sends it to the dead letter topic, for it will be so again; on any other error it comes again.
// What is no event is a dead letter too.
func Subscriber(log *slog.Logger, handle func(ctx context.Context, e event.Event) error) http.Handler {
	return MessageSubscriber(log, func(ctx context.Context, raw []byte) error {
		e, err := event.Decode(raw)
		if err != nil {
			return err
		}
		if err := handle(ctx, e); err != nil {
			return fmt.Errorf("%s %s: %w", e.Type, e.ID, err)
		}
		return nil
	})
}

// MessageSubscriber is Subscriber for whoever wants what was published as it is.
func MessageSubscriber(log *slog.Logger, handle func(ctx context.Context, raw []byte) error) http.Handler {
	return server.Handle(log, func(w http.ResponseWriter, r *http.Request) error {
		body, err := server.ReadBody(w, r, maxDelivery)
		if tooLarge, ok := errors.AsType[*server.StatusError](err); ok && tooLarge.Status == http.StatusRequestEntityTooLarge {
			err = task.Errorf(task.CodeInvalid, "%s", tooLarge.Detail) // it will not be smaller another time
		} else if err == nil {
			raw := payload(body)
			if string(bytes.TrimSpace(raw)) == "null" {
				// With JetStream a sidecar that publishes this ends with a panic (1.18), and it would as a dead letter, again and
				// again. There is nothing in it to keep.
				log.ErrorContext(r.Context(), "event refused, it is null", "route", r.URL.Path)
				return server.Encode(w, http.StatusOK, verdict{success})
			}
			err = handle(r.Context(), raw)
		}
		v := verdict{success}
		switch task.ErrorCode(err) {
		case "":
		case task.CodeInvalid, task.CodeConflict:
			v.Status = drop
			log.ErrorContext(r.Context(), "event refused, it goes to the dead letter topic", "route", r.URL.Path, "error", err)
		default:
			v.Status = retry
			log.WarnContext(r.Context(), "event not handled, it will come again", "route", r.URL.Path, "error", err)
		}
		return server.Encode(w, http.StatusOK, v)
	})
}
