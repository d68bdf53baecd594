package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/internal/testkit"
)

// newTail returns the tail of a command line.
func (ta *testAPI) newTail(t *testing.T, out io.Writer, args ...string) *eventTail {
	t.Helper()
	o, err := parseTail(append([]string{"tail"}, args...), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	tail, err := newEventTail(t.Context(), ta.db, o, out)
	if err != nil {
		t.Fatal(err)
	}
	return tail
}

// TestEventsTail prints events of two people, one of which is published, with each filter.
func TestEventsTail(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	mine, theirs := a.newPerson(t), a.newPerson(t)
	made := mine.newTask(t, object{"title": "secret plan"})
	mine.send(t, "POST", taskPath(made.ID, "/complete"), nil).want(t, 200)
	theirs.newTask(t, object{"title": "theirs"})
	// The clocks of the test and of the database differ.
	a.exec(t, `UPDATE outbox SET created_at = now() - interval '1 minute'`)
	a.exec(t, `UPDATE outbox SET created_at = now() - interval '1 hour' WHERE revision = 2`)
	a.exec(t, `UPDATE outbox SET published_at = now() WHERE type = 'task.created'`)

	for _, c := range []struct{ args, want string }{
		{"", "task.created:published task.changed:waiting task.created:published task.changed:waiting"},
		{"-since 2h", "task.created:published task.changed:waiting task.completed:waiting task.changed:waiting task.created:published task.changed:waiting"},
		{"-topic task-updates", "task.changed:waiting task.changed:waiting"},
		{"-type task.completed -since 2h", "task.completed:waiting"},
		{"-user " + strings.ToUpper(theirs.Email), "task.created:published task.changed:waiting"},
		{"-user " + theirs.ID.String(), "task.created:published task.changed:waiting"},
		{"-since 1s", ""},
	} {
		var out bytes.Buffer
		if err := a.newTail(t, &out, strings.Fields(c.args)...).runOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			if f := strings.Fields(line); f[0] != "TIME" {
				got = append(got, f[2]+":"+f[7])
			}
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
		if strings.Contains(out.String(), "secret") {
			t.Errorf("%q: the lines show the content of an event: %s", c.args, out.String())
		}
	}
}

// TestEventsTailJSON compares a printed line with the stored event, and looks for characters that a
// terminal obeys.
func TestEventsTailJSON(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	made := p.newTask(t, object{"title": "secret plan", "description": "\u009b"})
	a.exec(t, `UPDATE outbox SET created_at = now()`)
	var out bytes.Buffer
	if err := a.newTail(t, &out, "-json", "-type", "task.created").runOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	var e event.Event
	if err := json.Unmarshal(out.Bytes(), &e); err != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	if e.Type != event.TaskCreated || e.Data.TaskData.Title != made.Title {
		t.Errorf("got the event %+v, want the one of %q", e, made.Title)
	}
	if strings.ContainsRune(out.String(), '\u009b') {
		t.Errorf("a terminal would obey %q", out.String())
	}
}

// TestEventsTailFollows prints an event whose transaction commits after that of a later event, and
// prints none twice.
func TestEventsTailFollows(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	late, early := a.newPerson(t), a.newPerson(t)
	var out bytes.Buffer
	tail := a.newTail(t, &out, "-json", "-since", "24h", "-follow")
	look := func() (users []uuid.UUID) {
		t.Helper()
		out.Reset()
		if err := tail.runOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(out.Bytes()) {
			users = append(users, event.ReadEnvelope(line).UserID)
		}
		return users
	}
	write := func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
		revision, err := postgres.NextRevision(ctx, tx, user)
		if err != nil {
			return err
		}
		changed := task.Task{ID: uuid.Must(uuid.NewV7()), Revision: revision}
		return postgres.AppendEvents(ctx, tx, event.New(event.TaskCreated, user, changed, time.Now()))
	}

	written, commit, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- a.db.InTx(t.Context(), func(tx pgx.Tx) error {
			err := write(t.Context(), tx, late.ID)
			close(written)
			<-commit
			return err
		})
	}()
	<-written
	if err := a.db.InTx(t.Context(), func(tx pgx.Tx) error { return write(t.Context(), tx, early.ID) }); err != nil {
		t.Fatal(err)
	}
	if got, want := look(), []uuid.UUID{early.ID}; !slices.Equal(got, want) {
		t.Errorf("before the commit: got events of %v, want of %v", got, want)
	}
	look() // the positions of two looks may not be taken for settled
	look()
	close(commit)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got, want := look(), []uuid.UUID{late.ID}; !slices.Equal(got, want) {
		t.Errorf("after the commit: got events of %v, want of %v", got, want)
	}
	// The command forgets settled events. Otherwise its memory would grow for days. Other tests on the server keep
	// transactions open for a while.
	testkit.Eventually(t, "a settled outbox", func() bool {
		if got := look(); len(got) > 0 {
			t.Errorf("got events of %v again", got)
		}
		return len(tail.printed) == 0
	})
}

// TestEventsTailRuns follows the outbox until it is interrupted.
func TestEventsTailRuns(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	var out testkit.LogBuffer
	tail := a.newTail(t, &out, "-follow", "-since", "1000h", "-user", p.Email)
	tail.filter.Since = testStart.Add(-time.Hour) // the clock of the test
	ctx, interrupt := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- tail.run(ctx) }()
	for _, title := range []string{"one", "two"} {
		made := p.newTask(t, object{"title": title})
		testkit.Eventually(t, "the events of a task", func() bool { return out.Count(made.ID.String()) == 2 })
	}
	interrupt()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if n := out.Count("TIME"); n != 1 {
		t.Errorf("%d headings, want 1", n)
	}
}

func TestEventsArguments(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	for args, want := range map[string]string{
		"":                         "the only command for events is tail",
		"list":                     `the only command for events is tail, not "list"`,
		"tail -topic task-event":   `there is no topic "task-event", only task-events, reminders, task-updates`,
		"tail -topic dead-letters": "api dead-letters lists them",
		"tail -type task.create":   `there is no type "task.create", only task.created, task.updated, task.completed, task.deleted, reminder.due, task.changed`,
		"tail -type reminder.due -topic task-events": "events of type reminder.due are on the topic reminders, not on task-events",
		"tail -since yesterday":                      "invalid value",
		"tail -since -2h":                            "-since is an age such as 2h, not -2h0m0s",
		"tail now":                                   `unexpected argument "now"`,
		"tail":                                       "DATABASE_URL is required",
	} {
		if err := eventsCommand(t.Context(), strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("events %s: got error %v, want %q", args, err, want)
		}
	}
	if status := server.Command(commands, []string{"events", "tail", "-h"}); status != 0 {
		t.Errorf("the help ends with status %d, want 0", status)
	}
}

// TestEventsHelp checks that the help names topics, types and how long events are kept.
func TestEventsHelp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if _, err := parseTail([]string{"tail", "-h"}, &out); err == nil {
		t.Error("got no error for a request for help")
	}
	for _, want := range append(append(event.Topics(), event.Types()...), "kept for 7 days") {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the help lacks %q:\n%s", want, out.String())
		}
	}
}

func TestEventsOfNobody(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	_, err := newEventTail(t.Context(), a.db, tailOptions{user: "nobody@example.com"}, io.Discard)
	if task.ErrorCode(err) != task.CodeNotFound || !strings.Contains(err.Error(), "nobody@example.com") {
		t.Errorf("got %v, want code not_found and the address", err)
	}
}
