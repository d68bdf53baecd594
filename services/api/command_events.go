package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

const (
	// eventPage is the number of events that one transaction reads. A reader that pauses, such as a
	// pager, must not keep a transaction open.
	eventPage = 1000
	// tailInterval is the time between two looks for new events.
	tailInterval = 500 * time.Millisecond
)

const eventsUsage = `usage: api events tail [-follow] [-since AGE] [-topic TOPIC] [-type TYPE] [-user ADDRESS] [-json]

It prints the events of the outbox, on any broker: those that wait and those that were
published. A published event is kept for %d days, a waiting one until it is published. Without -json
a line has ids and no content.

`

// tailOptions are the arguments of the command.
type tailOptions struct {
	follow, json bool
	since        time.Duration
	topic, kind  string
	user         string
}

// eventsCommand prints the events of the outbox.
func eventsCommand(ctx context.Context, args []string) error {
	o, err := parseTail(args, os.Stderr)
	if err != nil {
		return err
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
	tail, err := newEventTail(ctx, db, o, os.Stdout)
	if err != nil {
		return err
	}
	if o.follow {
		return tail.run(ctx)
	}
	if err := tail.runOnce(ctx); err != nil || tail.count > 0 {
		return err
	}
	_, err = fmt.Fprintf(os.Stderr, "no event of the last %v; -since looks further back, and -follow waits for new ones\n", o.since)
	return err
}

// parseTail reads the arguments. It prints usage to w.
func parseTail(args []string, w io.Writer) (o tailOptions, err error) {
	flags := flag.NewFlagSet("events tail", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.Usage = func() {
		fmt.Fprintf(w, eventsUsage, int(eventRetention.Hours()/24))
		flags.PrintDefaults()
	}
	flags.BoolVar(&o.follow, "follow", false, "go on with new events as they are committed, until Ctrl-C")
	flags.DurationVar(&o.since, "since", 10*time.Minute, "the age of the oldest event, such as 2h; 0 with -follow for new ones only")
	flags.StringVar(&o.topic, "topic", "", "only events of this topic: "+strings.Join(event.Topics(), ", "))
	flags.StringVar(&o.kind, "type", "", "only events of this type: "+strings.Join(event.Types(), ", "))
	flags.StringVar(&o.user, "user", "", "only events of the user with this e-mail address or id")
	flags.BoolVar(&o.json, "json", false, "print each event as it is published, with its content, in one line of JSON")
	if len(args) == 0 || args[0] != "tail" {
		flags.Usage()
		if len(args) > 0 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
			return o, flag.ErrHelp
		}
		return o, fmt.Errorf("the only command for events is tail, not %q", strings.Join(args, " "))
	}
	if err := flags.Parse(args[1:]); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

// check returns an error that names the wrong argument and the right ones.
func (o tailOptions) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.since < 0:
		return fmt.Errorf("-since is an age such as 2h, not %v", o.since)
	case o.topic == event.TopicDeadLetters:
		return errors.New("the outbox has no dead letters: api dead-letters lists them")
	case o.topic != "" && !slices.Contains(event.Topics(), o.topic):
		return fmt.Errorf("there is no topic %q, only %s", o.topic, strings.Join(event.Topics(), ", "))
	case o.kind != "" && !event.Known(o.kind):
		return fmt.Errorf("there is no type %q, only %s", o.kind, strings.Join(event.Types(), ", "))
	case o.topic != "" && o.kind != "" && event.Topic(o.kind) != o.topic:
		return fmt.Errorf("events of type %s are on the topic %s, not on %s", o.kind, event.Topic(o.kind), o.topic)
	}
	return nil
}

// eventTail prints events of the outbox in the order of seq.
//
// A transaction may commit after another one with a higher seq. Each look therefore begins at the last
// seq below which no transaction was open, and leaves out the printed events.
type eventTail struct {
	db     *postgres.DB
	filter postgres.EventFilter
	json   bool
	out    io.Writer
	// end is an earlier end of the outbox. All events up to settled are printed, and printed has the
	// later ones.
	end     postgres.OutboxEnd
	settled int64
	printed map[int64]bool
	count   int
}

// newEventTail returns the tail of the options. It takes the time from the database, because the
// operator's machine may have another.
func newEventTail(ctx context.Context, db *postgres.DB, o tailOptions, out io.Writer) (*eventTail, error) {
	t := &eventTail{
		db: db, filter: postgres.EventFilter{Topic: o.topic, Type: o.kind}, json: o.json, out: out, printed: map[int64]bool{},
	}
	err := db.InTx(ctx, func(tx pgx.Tx) error {
		now, err := postgres.Now(ctx, tx)
		if err != nil {
			return err
		}
		t.filter.Since = now.Add(-o.since)
		first, err := postgres.FirstSeq(ctx, tx, t.filter.Since)
		if err != nil {
			return err
		}
		t.settled = first - 1
		t.filter.UserID, err = findUser(ctx, tx, o.user)
		return err
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// findUser returns the id of the user with an e-mail address or an id. It returns the nil UUID if user
// is empty.
func findUser(ctx context.Context, tx pgx.Tx, user string) (uuid.UUID, error) {
	if id, err := uuid.Parse(user); user == "" || err == nil {
		return id, nil
	}
	address, _ := account.NormalizeEmail(user)
	u, err := postgres.UserByEmail(ctx, tx, address)
	if err != nil {
		return uuid.Nil, fmt.Errorf("-user %s: %w", user, err)
	}
	return u.ID, nil
}

// run prints events as they are committed until ctx is cancelled.
func (t *eventTail) run(ctx context.Context) error {
	ticker := time.NewTicker(tailInterval)
	defer ticker.Stop()
	for {
		if err := t.runOnce(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// runOnce prints the events that are not printed yet.
func (t *eventTail) runOnce(ctx context.Context) error {
	var end postgres.OutboxEnd
	err := t.db.InTx(ctx, func(tx pgx.Tx) (err error) {
		end, err = postgres.ReadOutboxEnd(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for after, more := t.settled, true; more; {
		var page []postgres.StoredEvent
		err := t.db.InTx(ctx, func(tx pgx.Tx) (err error) {
			page, err = postgres.Events(ctx, tx, t.filter, after, eventPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range page {
			after = e.Seq
			if t.printed[e.Seq] {
				continue
			}
			if err := t.print(e); err != nil {
				return err
			}
			t.printed[e.Seq] = true
		}
		more = len(page) == eventPage
	}
	if end.Settles(t.end) {
		t.settled, t.end = t.end.Seq, end
		for seq := range t.printed {
			if seq <= t.settled {
				delete(t.printed, seq)
			}
		}
	}
	return nil
}

func (t *eventTail) print(e postgres.StoredEvent) error {
	t.count++
	var line string
	if t.json {
		var compact bytes.Buffer
		if err := json.Compact(&compact, e.Raw); err != nil {
			return fmt.Errorf("print event %s: %w", e.ID, err)
		}
		line = visible(compact.String())
	} else {
		if t.count == 1 {
			line = fmt.Sprintf("%-24s  %-12s  %-14s  %8s  %-36s  %-36s  %-36s  %s\n", "TIME", "TOPIC", "TYPE", "REVISION", "USER", "TASK", "ID", "STATE")
		}
		state := "waiting"
		if e.PublishedAt != nil {
			state = "published"
		}
		line += fmt.Sprintf("%-24s  %-12s  %-14s  %8d  %s  %s  %s  %s",
			e.CreatedAt.UTC().Format("2006-01-02T15:04:05.000Z"), e.Topic, e.Type, e.Revision, e.UserID, e.TaskID, e.ID, state)
	}
	if _, err := fmt.Fprintln(t.out, line); err != nil {
		return fmt.Errorf("print event %s: %w", e.ID, err)
	}
	return nil
}
