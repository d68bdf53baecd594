package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/semaphore"

	"taskmaster/internal/backoff"
	"taskmaster/internal/delivery"
	"taskmaster/internal/health"
	"taskmaster/internal/idle"
	"taskmaster/internal/peruser"
	"taskmaster/internal/postgres"
	"taskmaster/internal/seal"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// The maximum numbers of concurrent attempts per kind and per user in one process. An attempt waits
// for the network most of the time.
const (
	maxWebhooks = 128
	maxPushes   = 64
	maxEmails   = 16
	maxOfUser   = 8
)

// slotWait is how long an attempt waits for one of its user's slots. It is enough while receivers
// answer promptly. It is too short for slow receivers to delay other users.
const slotWait = 100 * time.Millisecond

// minStartBackoff and maxStartBackoff bound the wait before another attempt to start the queue.
const (
	minStartBackoff = 100 * time.Millisecond
	maxStartBackoff = 5 * time.Second
)

var startBackoff = backoff.Policy{Min: minStartBackoff, Max: maxStartBackoff}

// worker makes the attempts at deliveries.
type worker struct {
	river.WorkerDefaults[delivery.Job]
	db      *postgres.DB
	queue   *delivery.Queue
	senders map[string]sender
	// keys open the secrets of channels.
	keys *seal.Keys
	// mails sends e-mail. It is nil if e-mail is not configured.
	mails   *postman
	timing  timing
	metrics metrics
	// tel may be nil in tests.
	tel   *telemetry.Telemetry
	log   *slog.Logger
	now   func() time.Time
	slots *peruser.Semaphore
	// database has a slot for each connection that attempts may hold at once. There are many more
	// attempts than connections. They wait here instead of being refused, and leave some
	// connections for events.
	database *semaphore.Weighted
}

func newWorker(db *postgres.DB, queue *delivery.Queue, conns int, senders map[string]sender, keys *seal.Keys, mails *postman, t timing, m metrics, log *slog.Logger) *worker {
	return &worker{db: db, queue: queue, senders: senders, keys: keys, mails: mails, timing: t, metrics: m, log: log, now: time.Now, slots: peruser.New(maxOfUser),
		database: semaphore.NewWeighted(int64(max(conns/2, 1)))}
}

// work makes attempts until ctx is cancelled. While the database sleeps, it makes none. Running
// attempts have timing.stop to finish.
func work(ctx context.Context, db *postgres.DB, wk *worker, activity *idle.Monitor, log *slog.Logger) error {
	queue := health.New("delivery queue", log, wk.now)
	for {
		if err := activity.Wait(ctx); err != nil {
			return err
		}
		client, err := newQueueClient(db, wk, log)
		if err != nil {
			return err
		}
		if err := workAwake(ctx, db, client, wk, activity, queue); err != nil {
			return err
		}
	}
}

// workAwake runs the queue until its database may sleep, or until ctx is cancelled.
func workAwake(ctx context.Context, db *postgres.DB, client *river.Client[pgx.Tx], wk *worker, activity *idle.Monitor, queue *health.Reporter) error {
	working, stop := context.WithCancel(ctx)
	defer stop()
	// After its start, the queue survives outages of the database by itself. Before the start it
	// does not.
	for failures := 1; ; failures++ {
		err := wk.announceMails(working)
		if err == nil {
			err = client.Start(working)
		}
		queue.Report(ctx, err)
		if err == nil {
			break
		}
		if err := startBackoff.Wait(ctx, failures); err != nil {
			return err
		}
	}
	for {
		err := activity.WaitAsleep(ctx)
		if err == nil && !planNextJob(ctx, db, wk, activity) {
			continue
		}
		stop()
		<-client.Stopped()
		return err
	}
}

// planNextJob plans to wake the service at its next job. It returns false if a job is due or running,
// or if the database does not answer: the service then stays awake.
func planNextJob(ctx context.Context, db *postgres.DB, wk *worker, activity *idle.Monitor) bool {
	now := wk.now()
	var next time.Time
	var found bool
	err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
		next, found, err = postgres.NextJob(ctx, tx)
		return err
	})
	if err != nil || (found && !next.After(now)) {
		activity.Touch()
		return false
	}
	if found {
		activity.WakeIn(next.Sub(now))
	}
	return true
}

// newQueueClient returns a client of River that makes attempts.
func newQueueClient(db *postgres.DB, wk *worker, log *slog.Logger) (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, wk); err != nil {
		return nil, fmt.Errorf("register worker: %w", err)
	}
	if err := river.AddWorkerSafely(workers, &mailWorker{worker: wk}); err != nil {
		return nil, fmt.Errorf("register worker of e-mails: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		Queues: map[string]river.QueueConfig{
			postgres.ChannelWebhook: {MaxWorkers: maxWebhooks},
			postgres.ChannelWebPush: {MaxWorkers: maxPushes},
			postgres.ChannelEmail:   {MaxWorkers: maxEmails},
			delivery.MailQueue:      {MaxWorkers: maxEmails},
		},
		Workers:                     workers,
		FetchPollInterval:           wk.timing.poll,
		PollOnly:                    db.Pooled(),
		JobTimeout:                  wk.timing.attempt + wk.timing.mark,
		RescueStuckJobsAfter:        wk.timing.rescue,
		SoftStopTimeout:             wk.timing.stop,
		CompletedJobRetentionPeriod: time.Hour,
		Logger:                      slog.New(newQueueLog(log.Handler(), wk.now)),
	})
	if err != nil {
		return nil, fmt.Errorf("create queue client: %w", err)
	}
	return client, nil
}

// Work makes one attempt at a delivery. After an error River repeats the job at the time from
// NextRetry.
func (wk *worker) Work(ctx context.Context, job *river.Job[delivery.Job]) error {
	var a postgres.Attempt
	err := wk.inTx(ctx, func(tx pgx.Tx) (err error) {
		if a, err = postgres.AttemptOf(ctx, tx, job.Args.DeliveryID); err != nil || a.Channel == nil || !a.Channel.Enabled {
			return err
		}
		// Without the key the delivery waits: another replica has it, or an operator brings it. The sender
		// refuses a secret that is broken.
		opened, err := a.Channel.Opened(wk.keys)
		if missing := (*seal.MissingKeyError)(nil); errors.As(err, &missing) {
			return err
		}
		a.Channel = &opened
		return nil
	})
	switch {
	case task.ErrorCode(err) == task.CodeNotFound:
		return nil // the user was deleted with all deliveries
	case err != nil:
		wk.log.WarnContext(ctx, "reading delivery failed, it is retried", "delivery_id", job.Args.DeliveryID, "error", err)
		return river.JobSnooze(snooze(job.Metadata))
	case a.Delivery.State == postgres.DeliverySent, a.Delivery.State == postgres.DeliveryGivenUp, a.Delivery.Round != job.Args.Round:
		return nil // finished by an attempt that the queue does not know of, or in a later round
	}
	if !wk.acquireSlot(ctx, a.Delivery.UserID) {
		return river.JobSnooze(snooze(job.Metadata))
	}
	defer wk.slots.Release(a.Delivery.UserID)

	ctx, span := wk.tel.Start(telemetry.Continue(ctx, a.Event.TraceParent), "deliver "+a.Delivery.ChannelKind, trace.SpanKindClient)
	err = wk.attempt(ctx, job, a)
	telemetry.End(span, err)
	return err
}

// attempt makes an attempt and stores its outcome.
func (wk *worker) attempt(ctx context.Context, job *river.Job[delivery.Job], a postgres.Attempt) error {
	started := wk.now()
	failed := wk.send(ctx, a, job.Attempt)
	if failed != nil && ctx.Err() != nil {
		return ctx.Err() // the process stops: River returns the job without counting the attempt
	}
	outcome := wk.outcome(job, failed)
	wk.metrics.observe(a.Delivery.ChannelKind, outcome.State, wk.now().Sub(started))
	if failed != nil {
		wk.log.WarnContext(ctx, "delivery not sent", "delivery_id", a.Delivery.ID, "channel_id", a.Delivery.ChannelID,
			"kind", a.Delivery.ChannelKind, "attempt", job.Attempt, "state", outcome.State, "reason", failed.reason, "cause", failed.cause)
	}
	if err := wk.mark(ctx, a, outcome, failed); err != nil {
		wk.log.ErrorContext(ctx, "recording attempt failed, it is repeated", "delivery_id", a.Delivery.ID, "state", outcome.State, "error", err)
		return river.JobSnooze(snooze(job.Metadata))
	}
	if outcome.State == postgres.DeliveryFailed {
		return failed
	}
	return nil
}

// acquireSlot takes one of the user's slots. It reports whether one became free within slotWait.
func (wk *worker) acquireSlot(ctx context.Context, user uuid.UUID) bool {
	ctx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	return wk.slots.Acquire(ctx, user) == nil
}

// NextRetry returns the time of the next attempt at a job. An attempt whose process died is
// repeated immediately.
func (wk *worker) NextRetry(job *river.Job[delivery.Job]) time.Time {
	now := wk.now()
	if job.AttemptedAt != nil && now.Sub(*job.AttemptedAt) > wk.timing.attempt+wk.timing.mark {
		return now.Add(time.Second)
	}
	if wait, ok := wk.wait(job); ok {
		return now.Add(wait)
	}
	return time.Time{} // River's default policy, because this is a bug and not a failed attempt
}
