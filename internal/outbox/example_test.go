package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/event"
	"taskmaster/internal/outbox"
	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

// A service stores a change and its event in one transaction. A Relay publishes the event through
// the sidecar. Any number of processes may run a Relay on the same database.
func ExampleNew() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	const claims = 4
	db, err := postgres.Open(ctx, os.Getenv("DATABASE_URL"), claims+2) // two more for the scans
	if err != nil {
		slog.Error("open database failed", "error", err)
		return
	}
	defer db.Close()
	broker, err := sidecar.New(50001, 3500, "")
	if err != nil {
		slog.Error("connect to sidecar failed", "error", err)
		return
	}
	defer broker.Close()

	relay := outbox.New(outbox.Config{
		DB: db, Publish: broker.PublishAll, Claims: claims,
		Log: slog.Default(), Now: time.Now, Metrics: prometheus.DefaultRegisterer,
	})
	user := uuid.MustParse("0199a0c3-0000-7e11-a3b4-c5d6e7f80912")
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		revision, err := postgres.NextRevision(ctx, tx, user)
		if err != nil {
			return err
		}
		created := task.Task{ID: uuid.Must(uuid.NewV7()), Title: "Pay rent", Revision: revision}
		return postgres.AppendEvents(ctx, tx, event.New(event.TaskCreated, user, created, time.Now()))
	})
	if err != nil {
		slog.Error("change failed", "error", err)
		return
	}
	relay.Wake(user) // publishes the event without waiting for the next scan

	if err := relay.Run(ctx); !errors.Is(err, context.Canceled) {
		slog.Error("relay failed", "error", err)
	}
}
