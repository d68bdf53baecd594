package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
)

// replay publishes stored events again: it marks them as unpublished, and a relay publishes them.
// Consumers recognise handled events by their ids, so only consumers that missed an event act on
// it.
func replay(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	since := flags.Duration("since", 0, "the age of the oldest event, such as 2h; events are stored for 7 days")
	email := flags.String("user", "", "only the events of the user with this e-mail address")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if *since <= 0 {
		return errors.New("--since is required, such as --since 2h")
	}
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return errors.New("DATABASE_URL is required")
	}
	db, err := postgres.Open(ctx, url, 2)
	if err != nil {
		return err
	}
	defer db.Close()
	address, _ := account.NormalizeEmail(*email)
	// The operator's machine may have a slow clock, which would select too few events.
	var now time.Time
	if err := db.InTx(ctx, func(tx pgx.Tx) error {
		now, err = postgres.Now(ctx, tx)
		return err
	}); err != nil {
		return err
	}
	return replayEvents(ctx, db, now.Add(-*since), address, os.Stdout)
}

// replayEvents marks published events as unpublished. It takes the events written since an instant, of
// one user after another. A run that ended early is repeated from the start.
func replayEvents(ctx context.Context, db *postgres.DB, since time.Time, email string, out io.Writer) error {
	var total int64
	replayUser := func(userID uuid.UUID) error {
		var n int64
		err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
			n, err = postgres.Replay(ctx, tx, since, userID)
			return err
		})
		if err != nil {
			return fmt.Errorf("%w (%d events before it will be published again)", err, total)
		}
		total += n
		return nil
	}
	if err := eachPublishedUser(ctx, db, since, email, replayUser); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d events will be published again by a running api\n", total)
	return err
}

// eachPublishedUser calls do for the user with an address, or without one for each user with published
// events.
func eachPublishedUser(ctx context.Context, db *postgres.DB, since time.Time, email string, do func(userID uuid.UUID) error) error {
	if email != "" {
		var u postgres.User
		err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
			u, err = postgres.UserByEmail(ctx, tx, email)
			return err
		})
		if err != nil {
			return err
		}
		return do(u.ID)
	}
	var users []uuid.UUID
	err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
		users, err = postgres.PublishedUsers(ctx, tx, since)
		return err
	})
	if err != nil {
		return err
	}
	for _, userID := range users {
		if err := do(userID); err != nil {
			return err
		}
	}
	return nil
}
