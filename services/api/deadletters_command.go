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

const deadLettersUsage = `usage: api dead-letters [list] [-all]                      those that wait, or all that are kept
       api dead-letters show ID                           the event as it came
       api dead-letters replay [-dry-run] (-all | ID...)  publish again, once what was wrong is right
       api dead-letters discard [-dry-run] (-all | ID...) done with, without publishing`

// deadLettersCommand shows what no consumer could handle, and settles it.
func deadLettersCommand(ctx context.Context, args []string) error {
	verb := "list"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		verb, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("dead-letters "+verb, flag.ContinueOnError)
	all := flags.Bool("all", false, "all of them; for list also those that are settled, for replay and discard those that wait")
	dryRun := flags.Bool("dry-run", false, "say what would be done, and do nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ids, err := parseIDs(flags.Args())
	if err != nil {
		return err
	}
	var do func(deadLetterBox) error
	switch {
	case verb == "list" && len(ids) == 0 && !*dryRun:
		do = func(b deadLetterBox) error { return b.list(ctx, *all) }
	case verb == "show" && len(ids) == 1 && !*all && !*dryRun:
		do = func(b deadLetterBox) error { return b.show(ctx, ids[0]) }
	case verb == "replay" && *all == (len(ids) == 0):
		do = func(b deadLetterBox) error { return b.settle(ctx, ids, *dryRun, replaying) }
	case verb == "discard" && *all == (len(ids) == 0):
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

// deadLetterBox is what the command works with.
type deadLetterBox struct {
	db  *postgres.DB
	now func() time.Time
	out io.Writer
}

// settlement is what can be done about a dead letter.
type settlement struct {
	done, would string
	do          func(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) error
}

var (
	replaying  = settlement{"will be published again by a running api", "would be published again", postgres.ReplayDeadLetter}
	discarding = settlement{"discarded", "would be discarded", postgres.DiscardDeadLetter}
)

// errDryRun takes back what a dry run has done.
var errDryRun = errors.New("dry run")

// settle does something about dead letters, or about all that wait when there are no ids. What cannot be done about one is
// said and does not keep it from the others; it is an error in the end.
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
	done, said := 0, how.done
	if dryRun {
		said = how.would
	}
	for _, id := range ids {
		// Each in a transaction of its own: whoever holds many people's rows at once waits for many, and they for it.
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
			return fmt.Errorf("%w (%d dead letters before it: %s)", err, done, said)
		}
	}
	if _, err := fmt.Fprintf(b.out, "%d of %d dead letters %s\n", done, len(ids), said); err != nil {
		return err
	}
	if done < len(ids) {
		return fmt.Errorf("nothing was done about %d", len(ids)-done)
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
