package main

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// Of one channel this many tests can be asked for in testWindow.
const (
	maxTests   = 5
	testWindow = time.Minute
)

// testChannel sends a test to a channel, by the way that reminders take. Code conflict when the channel is disabled.
func (a *api) testChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	body, err := a.decode(w, r, &struct{}{})
	if err != nil {
		return err
	}
	return a.change(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		// The delivery refers to the user, whose row everybody locks first: else this and the account's deletion wait for each other.
		if _, err := postgres.LockUser(ctx, tx, c.UserID); err != nil {
			return answer{}, err
		}
		channel, err := postgres.LockChannel(ctx, tx, c.UserID, id)
		if err != nil {
			return answer{}, err
		}
		if !channel.Enabled {
			return answer{}, task.Errorf(task.CodeConflict, "the channel is disabled, enable it first")
		}
		now := a.instant()
		n, err := postgres.CountTests(ctx, tx, channel.ID, now.Add(-testWindow))
		if err != nil {
			return answer{}, err
		}
		if n >= maxTests {
			return answer{}, task.RetryLater(task.CodeRateLimited, testWindow, "there were %d tests of this channel in a minute", n)
		}
		e, err := testEvent(c.UserID, now)
		if err != nil {
			return answer{}, err
		}
		d := postgres.NewDelivery(e, channel, now)
		d.Test, d.TaskID = true, nil
		if err := postgres.InsertDeliveries(ctx, tx, e, []postgres.Delivery{d}); err != nil {
			return answer{}, err
		}
		out := answer{
			Status: http.StatusAccepted,
			Header: map[string]string{"Location": "/api/v1/deliveries/" + d.ID.String()},
			Body:   newDeliveryBody(d),
		}
		return out, a.deliveries.Add(ctx, tx, d)
	})
}

// testEvent is a reminder of a task that does not exist.
func testEvent(userID uuid.UUID, now time.Time) (event.Event, error) {
	t, err := newTask(task.Task{Title: "TaskMaster can reach you here"}, now)
	if err != nil {
		return event.Event{}, err
	}
	t.CreatedAt, t.UpdatedAt = now, now
	e := event.New(event.ReminderDue, userID, t, now)
	e.Data.Reminder = &event.DueReminder{At: now}
	return e, nil
}

// retryDelivery sends a delivery that failed or was given up again now, on a retry schedule that starts anew. Code conflict
// when it is pending or sent.
func (a *api) retryDelivery(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	body, err := a.decode(w, r, &struct{}{})
	if err != nil {
		return err
	}
	return a.change(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		d, err := postgres.RetryDelivery(ctx, tx, c.UserID, id, a.instant())
		if err != nil {
			return answer{}, err
		}
		return answer{Status: http.StatusAccepted, Body: newDeliveryBody(d)}, a.deliveries.Add(ctx, tx, d)
	})
}
