package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// unhandledPoll is the pause between two counts of a command that waits.
const unhandledPoll = 2 * time.Second

// unhandledCommand prints the number of events that wait for the broker or for a consumer. It fails
// if there are any. The broker may still hold those that were published. The other events need no
// consumer: clients read missed changes from the database.
func unhandledCommand(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("unhandled", flag.ContinueOnError)
	wait := flags.Duration("wait", 0, "wait up to this time, such as 10m, until there are none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return errors.New("DATABASE_URL is required")
	}
	db, err := postgres.OpenService(ctx, url, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	for end := time.Now().Add(*wait); ; {
		counts, err := countUnhandled(ctx, db)
		if err != nil {
			return err
		}
		if counts.total() == 0 || !time.Now().Before(end) {
			return counts.report(os.Stdout)
		}
		select {
		case <-time.After(unhandledPoll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unhandled counts events by the program that has to handle them. age is the age of the oldest
// published one.
type unhandled struct {
	relay, notifier, recurring int
	age                        time.Duration
}

func (u unhandled) total() int { return u.relay + u.notifier + u.recurring }

// report prints the counts. It returns an error unless all are 0.
func (u unhandled) report(out io.Writer) error {
	_, err := fmt.Fprintf(out, "%d events are not published\n%d reminders are not handled by notifier\n%d completions are not handled by recurring\n",
		u.relay, u.notifier, u.recurring)
	if err == nil && u.age > 0 {
		_, err = fmt.Fprintf(out, "the oldest is %v old: api replay --since %v publishes them again\n", u.age, u.age+time.Minute)
	}
	if err == nil && u.total() > 0 {
		err = fmt.Errorf("%d events are not handled", u.total())
	}
	return err
}

func countUnhandled(ctx context.Context, db *postgres.DB) (counts unhandled, err error) {
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		counts = unhandled{}
		now, err := postgres.Now(ctx, tx)
		if err != nil {
			return err
		}
		if counts.relay, err = postgres.CountPending(ctx, tx, math.MaxInt32); err != nil {
			return err
		}
		n, oldest, err := postgres.CountUnreceived(ctx, tx, postgres.NotifierInbox, event.ReminderDue)
		if err != nil {
			return err
		}
		counts.notifier = n
		err = postgres.UnfollowedCompletions(ctx, tx, func(e event.Event) {
			if !followed(e) {
				return
			}
			counts.recurring++
			if oldest.IsZero() || e.Time.Before(oldest) {
				oldest = e.Time
			}
		})
		if !oldest.IsZero() {
			counts.age = max(now.Sub(oldest).Round(time.Second), time.Second)
		}
		return err
	})
	return counts, err
}

// followed reports whether recurring has to create a task after a completion. An event that recurring
// cannot handle counts too, until it is a dead letter.
func followed(e event.Event) bool {
	completed := e.Data.TaskData
	if completed.CompletedAt == nil {
		return true
	}
	_, more, err := task.NextTask(completed, *completed.CompletedAt)
	return more || err != nil
}
