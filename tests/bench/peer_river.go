package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"taskmaster/internal/event"
	"taskmaster/internal/outbox"
	"taskmaster/internal/postgres"
)

// riverMover is River with one job for each event, inserted in the transaction of the change.
type riverMover struct{ db *postgres.DB }

// The settings are those of River's own benchmark (cmd/river/riverbench), which is faster than its
// defaults. The number of workers is that of the first example in its documentation. More parallel
// calls do not help a sidecar.
const (
	riverCooldown = 2 * time.Millisecond
	riverPoll     = 20 * time.Millisecond
	riverWorkers  = 100
	// riverStop limits the time that running jobs may take to end.
	riverStop = 30 * time.Second
)

// eventJob is the job that publishes an event.
type eventJob struct {
	Topic string          `json:"topic"`
	Key   string          `json:"key"`
	Event json.RawMessage `json:"event"`
}

// Kind returns the job's name.
func (eventJob) Kind() string { return "event" }

// eventWorker publishes events.
type eventWorker struct {
	river.WorkerDefaults[eventJob]
	publish outbox.Publish
}

// Work publishes the event of a job.
func (w *eventWorker) Work(ctx context.Context, job *river.Job[eventJob]) error {
	return w.publish(ctx, job.Args.Topic, []event.Message{{Key: job.Args.Key, CloudEvent: job.Args.Event}})
}

func (m riverMover) client(publish outbox.Publish) (*river.Client[pgx.Tx], error) {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &eventWorker{publish: publish}); err != nil {
		return nil, fmt.Errorf("register worker: %w", err)
	}
	return river.NewClient(riverpgxv5.New(m.db.Pool()), &river.Config{
		Queues:        map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: riverWorkers}},
		Workers:       workers,
		FetchCooldown: riverCooldown, FetchPollInterval: riverPoll,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
}

// inserter creates a client that only inserts.
var inserter = sync.OnceValues(func() (*river.Client[pgx.Tx], error) {
	return river.NewClient(riverpgxv5.New(nil), &river.Config{})
})

func (riverMover) enqueue(ctx context.Context, tx pgx.Tx, events []event.Event) error {
	client, err := inserter()
	if err != nil {
		return err
	}
	jobs := make([]river.InsertManyParams, len(events))
	for i, e := range events {
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		jobs[i].Args = eventJob{Topic: event.Topic(e.Type), Key: e.Data.UserID.String(), Event: raw}
	}
	_, err = client.InsertManyFastTx(ctx, tx, jobs)
	return err
}

func (m riverMover) start(ctx context.Context, publish outbox.Publish) (func(uuid.UUID), func() error, error) {
	client, err := m.client(publish)
	if err != nil {
		return nil, nil, fmt.Errorf("make River's client: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		return nil, nil, fmt.Errorf("start River: %w", err)
	}
	stop := func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), riverStop)
		defer cancel()
		return client.Stop(ctx)
	}
	return func(uuid.UUID) {}, stop, nil // the database notifies River
}
