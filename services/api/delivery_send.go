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

// A channel accepts maxTests tests per testWindow.
const (
	maxTests   = 5
	testWindow = time.Minute
	// maxDeliveriesPerHour is the number of deliveries of an account in an hour beyond which it sends no
	// tests.
	maxDeliveriesPerHour = 500
)

// testChannel sends a test to a channel in the way of a reminder. It returns code conflict if the
// channel is disabled.
func (s *service) testChannel(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	body, err := s.decode(w, r, &struct{}{})
	if err != nil {
		return err
	}
	return s.commitDeliveries(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		// The delivery refers to the user, and every transaction locks the user first. In another
		// order this one and the deletion of the account would deadlock.
		u, err := lockUser(ctx, tx, c.UserID, s.instant(), s.quota())
		if err != nil {
			return answer{}, err
		}
		if err := u.quota.Admit(u.used, createdCopies*copyOverhead); err != nil {
			return answer{}, err
		}
		channel, err := postgres.LockChannel(ctx, tx, c.UserID, id)
		if err != nil {
			return answer{}, err
		}
		if !channel.Enabled {
			return answer{}, task.Errorf(task.CodeConflict, "the channel is disabled, enable it first")
		}
		now := s.instant()
		sent, err := postgres.CountTests(ctx, tx, channel.ID, now.Add(-testWindow))
		if err != nil {
			return answer{}, err
		}
		if sent >= maxTests {
			return answer{}, task.RetryLater(task.CodeRateLimited, testWindow, "this channel had %d tests in a minute", sent)
		}
		all, err := postgres.CountDeliveries(ctx, tx, c.UserID, now.Add(-time.Hour), maxDeliveriesPerHour)
		if err != nil {
			return answer{}, err
		}
		if all >= maxDeliveriesPerHour {
			return answer{}, task.RetryLater(task.CodeRateLimited, testWindow, "this account had %d messages in an hour", all)
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
			Body:   newDelivery(d),
		}
		return out, s.deliveries.Add(ctx, tx, d)
	})
}

// commitDeliveries is commit for a change that queues deliveries.
func (s *service) commitDeliveries(w http.ResponseWriter, r *http.Request, c caller, body []byte,
	do func(ctx context.Context, tx pgx.Tx) (answer, error)) error {
	err := s.commit(w, r, c, body, do)
	if err == nil {
		s.deliveriesQueued()
	}
	return err
}

// testEvent returns a reminder of a task that does not exist.
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

// retryDelivery sends a failed or given-up delivery again, with a new retry schedule. It returns
// code conflict if the delivery is pending or sent.
func (s *service) retryDelivery(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	body, err := s.decode(w, r, &struct{}{})
	if err != nil {
		return err
	}
	return s.commitDeliveries(w, r, c, body, func(ctx context.Context, tx pgx.Tx) (answer, error) {
		d, err := postgres.RetryDelivery(ctx, tx, c.UserID, id, s.instant())
		if err != nil {
			return answer{}, err
		}
		return answer{Status: http.StatusAccepted, Body: newDelivery(d)}, s.deliveries.Add(ctx, tx, d)
	})
}
