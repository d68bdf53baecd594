package sidecar

import (
	"context"
	"log/slog"
	"net/http"

	"taskmaster/services/event"
	"taskmaster/services/server"
	"taskmaster/services/task"
)

// maxEvent is the largest event that a subscriber reads, in bytes: a task twice (as it is and as it was), and room.
const maxEvent = 1 << 20

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
func Subscriber(log *slog.Logger, handle func(ctx context.Context, e event.Event) error) http.Handler {
	return server.Handle(log, func(w http.ResponseWriter, r *http.Request) error {
		raw, err := server.ReadBody(w, r, maxEvent)
		if err != nil {
			return err
		}
		e, err := event.Decode(raw)
		if err == nil {
			err = handle(r.Context(), e)
		}
		v := verdict{success}
		switch task.ErrorCode(err) {
		case "":
		case task.CodeInvalid, task.CodeConflict:
			v.Status = drop
			log.ErrorContext(r.Context(), "event refused, it goes to the dead letter topic", "event_id", e.ID, "type", e.Type, "error", err)
		default:
			v.Status = retry
			log.WarnContext(r.Context(), "event not handled, it will come again", "event_id", e.ID, "type", e.Type, "error", err)
		}
		return server.Encode(w, http.StatusOK, v)
	})
}
