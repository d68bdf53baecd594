package main

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

// wake starts the queue, because api has added deliveries.
func (n *notifier) wake(w http.ResponseWriter, _ *http.Request) error {
	n.idle.Touch()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// receive creates a delivery of a reminder.due for each of the owner's enabled channels. Webhooks with
// one URL get one delivery. It accepts and ignores other events and repetitions. An account far over its quota gets no deliveries, which
// would take more room.
func (n *notifier) receive(ctx context.Context, e event.Event) error {
	if e.Type != event.ReminderDue {
		return nil
	}
	return n.db.InTx(ctx, func(tx pgx.Tx) error {
		now := n.now()
		isNew, err := postgres.Receive(ctx, tx, postgres.NotifierInbox, e.ID, now)
		if err != nil || !isNew {
			return err
		}
		channels, err := postgres.EnabledChannels(ctx, tx, e.Data.UserID, now)
		if err != nil || len(channels) == 0 {
			return err
		}
		used, err := postgres.Usage(ctx, tx, e.Data.UserID)
		if err != nil {
			return err
		}
		u, err := postgres.UserByID(ctx, tx, e.Data.UserID)
		if err != nil {
			return err
		}
		if full := account.Quota(n.cfg.QuotaBytes).Of(u).AdmitCompletion(used, 0); full != nil {
			n.log.WarnContext(ctx, "reminder not sent", "user_id", e.Data.UserID, "task_id", e.Data.TaskID, "error", full)
			return nil // no retry makes room
		}
		channels = withoutRepeatedURLs(channels)
		if limit := n.cfg.DeliveriesPerHour; limit > 0 {
			sent, err := postgres.CountDeliveries(ctx, tx, e.Data.UserID, now.Add(-time.Hour), limit)
			if err != nil {
				return err
			}
			if left := max(limit-sent, 0); left < len(channels) {
				n.log.WarnContext(ctx, "reminder not sent to all channels", "user_id", e.Data.UserID, "task_id", e.Data.TaskID, "deliveries_per_hour", limit)
				channels = channels[:left]
			}
		}
		deliveries := make([]postgres.Delivery, len(channels))
		for i, c := range channels {
			deliveries[i] = postgres.NewDelivery(e, c, now)
		}
		if err := postgres.InsertDeliveries(ctx, tx, e, deliveries); err != nil {
			return err
		}
		return n.queue.Add(ctx, tx, deliveries...)
	})
}

// withoutRepeatedURLs returns channels with the oldest webhook of each URL. Otherwise one reminder would
// send many requests to one receiver.
func withoutRepeatedURLs(channels []postgres.Channel) []postgres.Channel {
	seen := map[string]bool{}
	return slices.DeleteFunc(channels, func(c postgres.Channel) bool {
		repeated := c.URL != "" && seen[c.URL]
		seen[c.URL] = true
		return repeated
	})
}
