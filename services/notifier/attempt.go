package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"taskmaster/internal/backoff"
	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// sender makes an attempt to hand a delivery to its receiver. It returns nil if the receiver
// accepted it.
type sender func(ctx context.Context, a postgres.Attempt) *failure

// failure is the reason why an attempt did not deliver.
type failure struct {
	// reason is shown to the channel's owner. It must not contain secrets or details of our
	// network.
	reason string
	// permanent reports that another attempt would fail too.
	permanent bool
	// retryAfter is the wait that the receiver asks for, or 0.
	retryAfter time.Duration
	// gone reports that the channel no longer exists at the receiver.
	gone bool
	// unconfirmed reports that the address of the account is not confirmed.
	unconfirmed bool
	// cause is for the log. It is nil if reason is complete.
	cause error
}

// Error returns the reason.
func (f *failure) Error() string { return f.reason }

// send makes an attempt within its timeout.
func (wk *worker) send(ctx context.Context, a postgres.Attempt, attempt int) *failure {
	switch {
	case a.Dropped:
		return &failure{reason: "the task or its reminder was changed before", permanent: true}
	case a.Channel == nil:
		return &failure{reason: "the channel was deleted", permanent: true}
	case !a.Channel.Enabled:
		return &failure{reason: "the channel is disabled", permanent: true}
	case a.Mailed.Disabled:
		return &failure{reason: "the account is disabled", permanent: true}
	case a.Channel.Kind == postgres.ChannelEmail && wk.mails != nil && !a.Mailed.Confirmed:
		return &failure{reason: "the e-mail address is not confirmed: confirm it under Account", permanent: true, unconfirmed: true}
	case attempt > len(wk.timing.schedule)+3:
		// Attempts after the end of the schedule replace those whose process died. If the process
		// always dies, this delivery is the cause.
		return &failure{reason: "the attempts did not come to an end", permanent: true}
	}
	ctx, cancel := context.WithTimeout(ctx, wk.timing.attempt)
	defer cancel()
	if a.Channel.Kind == postgres.ChannelEmail && attempt == 1 {
		if full := wk.countMail(ctx, a.Delivery.UserID, mailKindReminder, maxRemindersPerHour); full != nil {
			return full
		}
	}
	return wk.senders[a.Channel.Kind](ctx, a)
}

// outcome returns the outcome of a delivery after a job's attempt.
func (wk *worker) outcome(job *river.Job[delivery.Job], failed *failure) postgres.Outcome {
	if failed == nil {
		return postgres.Outcome{State: postgres.DeliverySent}
	}
	job.Args.RetryAfter = failed.retryAfter
	wait, again := wk.wait(job)
	if failed.permanent || failed.gone || !again {
		return postgres.Outcome{State: postgres.DeliveryGivenUp, Reason: failed.reason}
	}
	next := wk.now().Add(wait)
	return postgres.Outcome{State: postgres.DeliveryFailed, Reason: failed.reason, Next: &next}
}

// wait returns the wait after a job's failed attempt: that of the schedule, or a longer one that the
// receiver asked for. It returns false after the last attempt.
func (wk *worker) wait(job *river.Job[delivery.Job]) (time.Duration, bool) {
	wait, again := wk.timing.next(job.ID, job.Attempt)
	return max(wait, job.Args.RetryAfter), again
}

// mark stores the outcome of an attempt, even if the process stops. It retries while the database
// is away, because an unrecorded message is sent twice.
func (wk *worker) mark(ctx context.Context, a postgres.Attempt, o postgres.Outcome, failed *failure) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wk.timing.mark)
	defer cancel()
	for failures := 1; ; failures++ {
		err := wk.inTx(ctx, func(tx pgx.Tx) error {
			now := wk.now()
			if failed != nil && failed.gone && a.Channel != nil {
				if err := wk.endChannel(ctx, tx, *a.Channel, failed.reason, now); err != nil {
					return err
				}
			}
			if failed != nil && failed.unconfirmed {
				if err := wk.queue.AskConfirmation(ctx, tx, a.Delivery.UserID, a.Channel.Address, now); err != nil {
					return err
				}
			}
			return postgres.MarkAttempt(ctx, tx, a.Delivery, o, now)
		})
		if err == nil {
			return nil
		}
		if markBackoff.Wait(ctx, failures) != nil {
			return fmt.Errorf("record that delivery %s is %s: %w", a.Delivery.ID, o.State, err)
		}
	}
}

// endChannel disables a channel that is gone, and notifies its owner over the others.
func (wk *worker) endChannel(ctx context.Context, tx pgx.Tx, c postgres.Channel, reason string, now time.Time) error {
	// The new deliveries refer to the user, whose row every transaction locks first.
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
	return wk.queue.NotifyEnded(ctx, tx, c, now)
}

// inTx runs a transaction after it has waited for a free connection.
func (wk *worker) inTx(ctx context.Context, f func(tx pgx.Tx) error) error {
	if err := wk.database.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("wait for a connection: %w", err)
	}
	defer wk.database.Release(1)
	return wk.db.InTx(ctx, f)
}

// minSnooze and maxSnooze bound the wait of a job that found no free slot.
const (
	minSnooze = 500 * time.Millisecond
	maxSnooze = 30 * time.Second
)

// minMarkBackoff and maxMarkBackoff bound the wait before another attempt to store an outcome.
const (
	minMarkBackoff = 20 * time.Millisecond
	maxMarkBackoff = 2 * time.Second
)

var (
	snoozeBackoff = backoff.Policy{Min: minSnooze, Max: maxSnooze}
	markBackoff   = backoff.Policy{Min: minMarkBackoff, Max: maxMarkBackoff}
)

// snooze returns the wait of a job that found no free slot. It grows with the number of earlier
// waits.
func snooze(metadata []byte) time.Duration {
	var m struct {
		Snoozes int `json:"snoozes"`
	}
	// River's own metadata. Unreadable metadata counts as the first wait.
	_ = json.Unmarshal(metadata, &m)
	return snoozeBackoff.Delay(m.Snoozes + 1)
}
