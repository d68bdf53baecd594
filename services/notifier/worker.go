package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"taskmaster/internal/delivery"
	"taskmaster/internal/peruser"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// How many attempts of a kind, and how many of one user, a process makes at once. Each waits for a network most of the time.
const (
	maxWebhooks = 128
	maxPushes   = 64
	maxEmails   = 16
	maxOfUser   = 8
)

// placeWait is how long an attempt waits for one of its user's places. It is enough for receivers that answer promptly,
// and too little for slow ones to hold up the rest.
const placeWait = 100 * time.Millisecond

// worker works deliveries off.
type worker struct {
	river.WorkerDefaults[delivery.Job]
	db      *postgres.DB
	queue   *delivery.Queue
	senders map[string]sender
	timing  timing
	metrics metrics
	log     *slog.Logger
	now     func() time.Time
	places  *peruser.Semaphore
	// database has a place for each connection that attempts may hold at once. There are many more attempts than those:
	// they wait for a connection rather than be refused one, and leave some for events.
	database chan struct{}
}

func newWorker(db *postgres.DB, queue *delivery.Queue, conns int, senders map[string]sender, t timing, m metrics, log *slog.Logger) *worker {
	return &worker{db: db, queue: queue, senders: senders, timing: t, metrics: m, log: log, now: time.Now, places: peruser.New(maxOfUser),
		database: make(chan struct{}, max(conns/2, 1))}
}

// work works deliveries off until ctx ends. Then attempts under way have until timing.stop.
func work(ctx context.Context, db *postgres.DB, w *worker, log *slog.Logger) error {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, w); err != nil {
		return fmt.Errorf("register worker: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		Queues: map[string]river.QueueConfig{
			postgres.ChannelWebhook: {MaxWorkers: maxWebhooks},
			postgres.ChannelWebPush: {MaxWorkers: maxPushes},
			postgres.ChannelEmail:   {MaxWorkers: maxEmails},
		},
		Workers:                     workers,
		FetchPollInterval:           w.timing.poll,
		JobTimeout:                  w.timing.attempt + w.timing.mark,
		RescueStuckJobsAfter:        w.timing.rescue,
		SoftStopTimeout:             w.timing.stop,
		CompletedJobRetentionPeriod: time.Hour,
		Logger:                      slog.New(warnings{log.Handler()}),
	})
	if err != nil {
		return fmt.Errorf("make queue client: %w", err)
	}
	// Once it is started the queue outlives database trouble by itself; until then it does not.
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		if err = client.Start(ctx); err == nil || ctx.Err() != nil {
			break
		}
		log.WarnContext(ctx, "the delivery queue does not start, trying again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	<-ctx.Done()
	if err == nil {
		<-client.Stopped()
	}
	return ctx.Err()
}

// Work makes one attempt at a delivery. An error makes River come back at the time that NextRetry says.
func (w *worker) Work(ctx context.Context, job *river.Job[delivery.Job]) error {
	var a postgres.Attempt
	err := w.inTx(ctx, func(tx pgx.Tx) (err error) {
		a, err = postgres.AttemptOf(ctx, tx, job.Args.DeliveryID)
		return err
	})
	switch {
	case task.ErrorCode(err) == task.CodeNotFound:
		return nil // its owner is gone, and it with them
	case err != nil:
		w.log.WarnContext(ctx, "delivery not read, it is tried again shortly", "delivery_id", job.Args.DeliveryID, "error", err)
		return river.JobSnooze(snooze(job.Metadata))
	case a.Delivery.State == postgres.DeliverySent, a.Delivery.State == postgres.DeliveryGivenUp, a.Delivery.Round != job.Args.Round:
		return nil // done, by an attempt whose end the queue did not learn of, or in a later round
	}
	if !w.take(ctx, a.Delivery.UserID) {
		return river.JobSnooze(snooze(job.Metadata))
	}
	defer w.places.Release(a.Delivery.UserID)

	started := w.now()
	failed := w.send(ctx, a, job.Attempt)
	if failed != nil && ctx.Err() != nil {
		return ctx.Err() // the process stops: River gives the job back, and does not count the attempt
	}
	outcome := w.outcome(job, failed)
	w.metrics.observe(a.Delivery.ChannelKind, outcome.State, w.now().Sub(started))
	if failed != nil {
		w.log.WarnContext(ctx, "delivery not sent", "delivery_id", a.Delivery.ID, "channel_id", a.Delivery.ChannelID,
			"kind", a.Delivery.ChannelKind, "attempt", job.Attempt, "state", outcome.State, "reason", failed.reason, "cause", failed.cause)
	}
	if err := w.mark(ctx, a, outcome, failed); err != nil {
		w.log.ErrorContext(ctx, "how an attempt ended was not noted, it is made again", "delivery_id", a.Delivery.ID, "state", outcome.State, "error", err)
		return river.JobSnooze(snooze(job.Metadata))
	}
	if outcome.State == postgres.DeliveryFailed {
		return failed
	}
	return nil
}

// take takes one of the user's places. It reports whether one got free soon.
func (w *worker) take(ctx context.Context, user uuid.UUID) bool {
	ctx, cancel := context.WithTimeout(ctx, placeWait)
	defer cancel()
	return w.places.Acquire(ctx, user) == nil
}

// NextRetry says when a job is worked again after its latest attempt. One that never came to an end, for its process died,
// is made up for at once.
func (w *worker) NextRetry(job *river.Job[delivery.Job]) time.Time {
	now := w.now()
	if job.AttemptedAt != nil && now.Sub(*job.AttemptedAt) > w.timing.attempt+w.timing.mark {
		return now.Add(time.Second)
	}
	if wait, ok := w.timing.next(job.ID, job.Attempt); ok {
		return now.Add(wait)
	}
	return time.Time{} // by River's own policy: this is not one of our failures but one of the program
}

// warnings hides what River tells below warning: our own log says how each delivery went.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// WithAttrs keeps hiding.
func (h warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps hiding.
func (h warnings) WithGroup(name string) slog.Handler { return warnings{h.Handler.WithGroup(name)} }
