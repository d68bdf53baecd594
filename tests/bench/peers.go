package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/outbox"
	"taskmaster/internal/postgres"
	"taskmaster/tests/system"
)

// mover takes events from a database, in which changes have stored them, and publishes them. It is
// the relay of this project, or another library.
type mover interface {
	// enqueue stores the events of a change, in its transaction.
	enqueue(ctx context.Context, tx pgx.Tx, events []event.Event) error
	// start moves stored events until stop is called. committed reports that a user's events have
	// been committed.
	start(ctx context.Context, publish outbox.Publish) (committed func(userID uuid.UUID), stop func() error, err error)
}

// peer is a mover with its description.
type peer struct {
	flag, name, order string
	mover             mover
}

// Delays are measured at a rate that all movers can sustain.
const (
	slowRate = 200.0
	slowFor  = 20 * time.Second
)

// peers lets other libraries move the same events from the same PostgreSQL, through the same
// sidecar into the same broker. It also lets them move events to nowhere, which separates the cost
// of the mover from that of the destination.
func (b *bench) peers(ctx context.Context, dir string) error {
	if _, err := system.Supervisor(ctx); err != nil {
		return err
	}
	var err error
	// There are no consumers: only the participants run.
	if b.System, err = system.Start(ctx, system.Config{Dir: dir, Broker: b.broker, Services: "api"}); err != nil {
		return err
	}
	defer func() {
		if err := b.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}()
	client, err := b.sidecarOfAPI()
	if err != nil {
		return err
	}
	defer client.Close()
	address, err := b.peersDatabase(ctx)
	if err != nil {
		return err
	}
	db, err := postgres.Open(ctx, address, writers)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := postgres.Migrate(ctx, db); err != nil {
		return err
	}
	crowd, err := newCrowd(ctx, db, b.crowd)
	if err != nil {
		return err
	}
	moverDB, err := postgres.Open(ctx, address, relayConns)
	if err != nil {
		return err
	}
	defer moverDB.Close()
	// Creating the users has left events in the outbox, which are not part of the race.
	if _, err := moverDB.Pool().Exec(ctx, `TRUNCATE outbox`); err != nil {
		return fmt.Errorf("empty the outbox: %w", err)
	}
	forwarder, err := newWatermill(moverDB)
	if err != nil {
		return err
	}
	ours := peer{"relay", "our relay", "each user's order", relayMover{moverDB}}
	if err := (race{b, crowd, ours}).warmUp(ctx, client.PublishAll); err != nil {
		return fmt.Errorf("warm up: %w\n%s", err, b.Tail(30))
	}
	for _, p := range []peer{
		ours,
		{"river", "River", "no order", riverMover{moverDB}},
		{"watermill", "watermill-sql", "one order of all", forwarder},
	} {
		if !slices.Contains(b.movers, p.flag) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s\n", p.name)
		r := race{b, crowd, p}
		if err := r.run(ctx, address, client.PublishAll); err != nil {
			return fmt.Errorf("%s: %w\n%s", p.name, err, b.Tail(30))
		}
	}
	return nil
}

// peersDatabase creates a separate database without other users, and returns its URL.
func (b *bench) peersDatabase(ctx context.Context) (string, error) {
	conn, err := b.connect(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `CREATE DATABASE peers`); err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	u, err := url.Parse(conn.Config().ConnString())
	if err != nil {
		return "", fmt.Errorf("read the database's URL: %w", err)
	}
	u.Path = "peers"
	return u.String(), nil
}
