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

// mover is something that takes events out of a database in which changes left them, and hands them on: our relay, or what
// somebody might take for it.
type mover interface {
	// enqueue leaves the events of a change, in its transaction.
	enqueue(ctx context.Context, tx pgx.Tx, events []event.Event) error
	// start moves what is left until stop is called. committed says that a user's events have been committed.
	start(ctx context.Context, publish outbox.Publish) (committed func(userID uuid.UUID), stop func() error, err error)
}

// peer is a mover and what to know of it.
type peer struct {
	flag, name, order string
	mover             mover
}

// How long events take is measured at a rate that leaves time for everything.
const (
	slowRate = 200.0
	slowFor  = 20 * time.Second
)

// peers lets other libraries move the same events out of the same PostgreSQL, through the same sidecar into the same broker,
// and to nowhere, which tells the mover from where it moves to.
func (b *bench) peers(ctx context.Context, dir string) error {
	if _, err := system.Supervisor(ctx); err != nil {
		return err
	}
	var err error
	// No consumers: all that runs is what takes part.
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
	// What making the users left in our outbox is not to be moved.
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

// peersDatabase makes a database beside the system's, which nothing else works on, and returns its URL.
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
