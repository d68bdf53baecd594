package main

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// newDelivery returns a delivery as the API shows it.
func newDelivery(d postgres.Delivery) apiv1.Delivery {
	return apiv1.Delivery{ID: d.ID, ChannelID: d.ChannelID, ChannelKind: d.ChannelKind, EventID: d.EventID, TaskID: d.TaskID, Test: d.Test,
		State: d.State, Attempts: d.Attempts, Reason: textOrNull(d.Reason), CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
		NextAttemptAt: d.NextAttemptAt, SentAt: d.SentAt}
}

// listDeliveries returns the caller's deliveries, the newest first.
func (s *service) listDeliveries(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "state", "channel_id", "task_id", "cursor", "limit")
	limit := q.limit()
	filter := postgres.DeliveryFilter{
		State:     q.oneOf("state", "", postgres.DeliveryPending, postgres.DeliverySent, postgres.DeliveryFailed, postgres.DeliveryGivenUp),
		ChannelID: q.id("channel_id"), TaskID: q.id("task_id"),
		Limit: limit + 1,
	}
	var after postgres.DeliveryPosition
	if q.cursor(&after) {
		filter.After = &after
	}
	if err := q.err(); err != nil {
		return err
	}
	var deliveries []postgres.Delivery
	err := s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		deliveries, err = postgres.Deliveries(ctx, tx, c.UserID, filter)
		return err
	})
	if err != nil {
		return err
	}
	bodies := make([]apiv1.Delivery, len(deliveries))
	for i, d := range deliveries {
		bodies[i] = newDelivery(d)
	}
	out, err := newPage(bodies, limit, func(b apiv1.Delivery) any { return postgres.DeliveryPosition{CreatedAt: b.CreatedAt, ID: b.ID} })
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, out)
}

func (q *query) id(name string) *uuid.UUID {
	if !q.values.Has(name) {
		return nil
	}
	id, err := task.ParseID(q.values.Get(name))
	if err != nil {
		q.fail(name, err.Error())
		return nil
	}
	return &id
}

func (s *service) getDelivery(w http.ResponseWriter, r *http.Request, c caller) error {
	d, err := readItem(s, r, c, postgres.DeliveryByID)
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, newDelivery(d))
}

// getPushKey returns the key that browsers need to subscribe to push. It returns code not_found if
// push is not set up.
func (s *service) getPushKey(w http.ResponseWriter, _ *http.Request, _ caller) error {
	if s.cfg.VAPIDPublicKey == "" {
		return task.Errorf(task.CodeNotFound, "web push is not set up on this server")
	}
	return server.Encode(w, http.StatusOK, apiv1.PushKey{PublicKey: s.cfg.VAPIDPublicKey})
}
