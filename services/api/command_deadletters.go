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

	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

const deadLettersUsage = `usage: api dead-letters [list] [-all]                      list the waiting ones, or all
       api dead-letters show ID                           print the event as it arrived
       api dead-letters replay [-dry-run] (-all | ID...)  publish again, after the cause is fixed
       api dead-letters discard [-dry-run] (-all | ID...) settle without publishing`

// deadLettersCommand lists the events that no consumer could handle, and settles them.
func deadLettersCommand(ctx context.Context, args []string) error {
	command := "list"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		command, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("dead-letters "+command, flag.ContinueOnError)
	all := flags.Bool("all", false, "list: include settled ones; replay and discard: all waiting ones")
	dryRun := flags.Bool("dry-run", false, "print the effect and change nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ids, err := parseIDs(flags.Args())
	if err != nil {
		return err
	}
	var do func(deadLetterBox) error
	switch {
	case command == "list" && len(ids) == 0 && !*dryRun:
		do = func(b deadLetterBox) error { return b.list(ctx, *all) }
	case command == "show" && len(ids) == 1 && !*all && !*dryRun:
		do = func(b deadLetterBox) error { return b.show(ctx, ids[0]) }
	case command == "replay" && *all == (len(ids) == 0):
		do = func(b deadLetterBox) error { return b.settle(ctx, ids, *dryRun, replaying) }
	case command == "discard" && *all == (len(ids) == 0):
		do = func(b deadLetterBox) error { return b.settle(ctx, ids, *dryRun, discarding) }
	default:
		return errors.New(deadLettersUsage)
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
	return do(deadLetterBox{db: db, now: time.Now, out: os.Stdout})
}

func parseIDs(args []string) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	for _, arg := range args {
		id, err := uuid.Parse(arg)
		if err != nil {
			return nil, fmt.Errorf("%q is not the id of a dead letter; flags stand before ids", arg)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// deadLetterBox is the environment of the command.
type deadLetterBox struct {
	db  *postgres.DB
	now func() time.Time
	out io.Writer
}

// settlement is a way to settle a dead letter.
type settlement struct {
	done, would string
	do          func(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) error
}

var (
	replaying  = settlement{"will be published again by a running api", "would be published again", postgres.ReplayDeadLetter}
	discarding = settlement{"discarded", "would be discarded", postgres.DiscardDeadLetter}
)

// errDryRun rolls back the changes of a dry run.
var errDryRun = errors.New("dry run")

// settle settles dead letters, or all waiting ones if there are no ids. It reports one that cannot
// be settled, goes on with the others, and returns an error at the end.
func (b deadLetterBox) settle(ctx context.Context, ids []uuid.UUID, dryRun bool, how settlement) error {
	if len(ids) == 0 {
		waiting, err := b.read(ctx, false)
		if err != nil {
			return err
		}
		for _, d := range waiting {
			ids = append(ids, d.ID)
		}
	}
	done, outcome := 0, how.done
	if dryRun {
		outcome = how.would
	}
	for _, id := range ids {
		// Each has its own transaction. A transaction that locks the rows of many users waits for
		// many of them.
		err := b.db.InTx(ctx, func(tx pgx.Tx) error {
			if err := how.do(ctx, tx, id, b.now()); err != nil || !dryRun {
				return err
			}
			return errDryRun
		})
		if errors.Is(err, errDryRun) {
			err = nil
		}
		switch task.ErrorCode(err) {
		case "":
			done++
		case task.CodeInvalid, task.CodeNotFound:
			if _, err := fmt.Fprintf(b.out, "%s: %v\n", id, err); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w (%d dead letters before it: %s)", err, done, outcome)
		}
	}
	if _, err := fmt.Fprintf(b.out, "%d of %d dead letters %s\n", done, len(ids), outcome); err != nil {
		return err
	}
	if done < len(ids) {
		return fmt.Errorf("%d dead letters are not settled", len(ids)-done)
	}
	return nil
}

func (b deadLetterBox) read(ctx context.Context, all bool) (found []postgres.DeadLetter, err error) {
	err = b.db.InTx(ctx, func(tx pgx.Tx) error {
		found, err = postgres.DeadLetters(ctx, tx, all)
		return err
	})
	return found, err
}
