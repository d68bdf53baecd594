package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// sender makes an attempt to hand a delivery to its receiver. It returns nil when the receiver has taken it.
type sender func(ctx context.Context, a postgres.Attempt) *failure

// failure is why an attempt did not deliver.
type failure struct {
	// reason is shown to the channel's owner: no secrets, and nothing of our own network.
	reason string
	// permanent says that another attempt would end the same way.
	permanent bool
	// gone says that the channel leads nowhere any more.
	gone bool
	// cause is for the log; nil when reason says all.
	cause error
}

// Error returns the reason.
func (f *failure) Error() string { return f.reason }

// send makes the attempt, in its time.
func (w *worker) send(ctx context.Context, a postgres.Attempt, attempt int) *failure {
	switch {
	case a.Channel == nil:
		return &failure{reason: "the channel was deleted", permanent: true}
	case !a.Channel.Enabled:
		return &failure{reason: "the channel is disabled", permanent: true}
	case attempt > len(w.timing.schedule)+3:
		// Attempts after the schedule's last are for those whose process died. If it always does, this one is why.
		return &failure{reason: "the attempts did not come to an end", permanent: true}
	}
	ctx, cancel := context.WithTimeout(ctx, w.timing.attempt)
	defer cancel()
	return w.senders[a.Channel.Kind](ctx, a)
}

// outcome says what becomes of a delivery after a job's attempt.
func (w *worker) outcome(job *river.Job[delivery.Job], failed *failure) postgres.Outcome {
	if failed == nil {
		return postgres.Outcome{State: postgres.DeliverySent}
	}
	wait, again := w.timing.next(job.ID, job.Attempt)
	if failed.permanent || failed.gone || !again {
		return postgres.Outcome{State: postgres.DeliveryGivenUp, Reason: failed.reason}
	}
	next := w.now().Add(wait)
	return postgres.Outcome{State: postgres.DeliveryFailed, Reason: failed.reason, Next: &next}
}

// mark notes how an attempt ended, even when told to stop, and tries again while the database has trouble: what is not
// noted is sent twice.
func (w *worker) mark(ctx context.Context, a postgres.Attempt, o postgres.Outcome, failed *failure) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.timing.mark)
	defer cancel()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := w.inTx(ctx, func(tx pgx.Tx) error {
			now := w.now()
			if failed != nil && failed.gone && a.Channel != nil {
				if err := w.endChannel(ctx, tx, *a.Channel, failed.reason, now); err != nil {
					return err
				}
			}
			return postgres.MarkAttempt(ctx, tx, a.Delivery, o, now)
		})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("note that delivery %s is %s: %w", a.Delivery.ID, o.State, err)
		case <-time.After(spread(wait)):
		}
	}
}

// endChannel disables a channel that leads nowhere any more, and tells its owner over the others.
func (w *worker) endChannel(ctx context.Context, tx pgx.Tx, c postgres.Channel, reason string, now time.Time) error {
	// The new deliveries refer to the user, whose row everybody locks first.
	_, err := postgres.LockUser(ctx, tx, c.UserID)
	if task.ErrorCode(err) == task.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	ended, err := postgres.DisableChannel(ctx, tx, c, reason, now)
	if err != nil || !ended {
		return err
	}
	c.DisabledReason = reason
	return w.queue.TellEnded(ctx, tx, c, now)
}

// inTx is postgres.DB.InTx for when a connection gets free.
func (w *worker) inTx(ctx context.Context, f func(tx pgx.Tx) error) error {
	select {
	case w.database <- struct{}{}:
		defer func() { <-w.database }()
	case <-ctx.Done():
		return fmt.Errorf("wait for a connection: %w", ctx.Err())
	}
	return w.db.InTx(ctx, f)
}

// maxSnooze is how long a job waits that often found no place, give or take a half.
const maxSnooze = 30 * time.Second

// snooze says how long a job that found no place waits: from half a second, twice as long each time, up to maxSnooze.
func snooze(metadata []byte) time.Duration {
	var m struct {
		Snoozes int `json:"snoozes"`
	}
	// River's own; what cannot be read counts as the first time.
	_ = json.Unmarshal(metadata, &m)
	wait := min(500*time.Millisecond<<min(m.Snoozes, 10), maxSnooze)
	return spread(wait)
}

// spread returns between half and one and a half of a wait.
func spread(wait time.Duration) time.Duration {
	return wait/2 + rand.N(wait) //nolint:gosec // it only keeps attempts apart
}
