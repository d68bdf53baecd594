package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

// TestUnhandled follows events from the outbox to their consumers.
func TestUnhandled(t *testing.T) {
	t.Parallel()
	s := newSeries(t)
	want := func(when string, want unhandled) {
		t.Helper()
		got, err := countUnhandled(t.Context(), s.db)
		if held := want.notifier + want.recurring; (got.age > 0) != (held > 0) {
			t.Errorf("%s: the oldest of %d events is %v old", when, held, got.age)
		}
		got.age = 0
		if err != nil || got != want {
			t.Errorf("%s: got %+v (%v), want %+v", when, got, err, want)
		}
	}
	publish := func() { s.exec(t, `UPDATE outbox SET published_at = created_at`) }
	publish()
	want("without a completion", unhandled{})

	s.do("POST", "/complete", nil)
	ended := s.newTask(t, object{"title": "Once", "due_at": "2026-03-02T12:00:00Z", "recurrence": object{"rrule": "FREQ=DAILY;COUNT=1"}})
	s.send(t, "POST", taskPath(ended.ID, "/complete"), nil).want(t, 200)
	reminder := s.completions(t)[0]
	reminder.ID, reminder.Type = uuid.New(), event.ReminderDue
	tx := func(do func(tx pgx.Tx) error) {
		t.Helper()
		if err := s.db.InTx(t.Context(), do); err != nil {
			t.Fatal(err)
		}
	}
	tx(func(tx pgx.Tx) error { return postgres.AppendEvents(t.Context(), tx, reminder) })
	want("before the broker", unhandled{relay: 7})
	publish()
	want("in the broker", unhandled{notifier: 1, recurring: 1})

	s.exec(t, `INSERT INTO dead_letters (id, reason, raw, first_at, last_at) SELECT id, '', '', created_at, created_at FROM outbox`)
	want("as dead letters", unhandled{})
	s.exec(t, `UPDATE dead_letters SET state = 'replayed', settled_at = last_at`)
	want("as replayed dead letters", unhandled{notifier: 1, recurring: 1})

	tx(func(tx pgx.Tx) error {
		_, err := postgres.Receive(t.Context(), tx, postgres.NotifierInbox, reminder.ID, s.now())
		return err
	})
	want("handled by notifier", unhandled{recurring: 1})
	s.consume(t, s.completions(t)...)
	publish()
	want("handled by both", unhandled{})

	s.exec(t, `UPDATE outbox SET published_at = NULL WHERE type = $1`, event.TaskCompleted)
	want("published again", unhandled{relay: 2})
	publish()
	want("published twice", unhandled{})
}

func TestUnhandledReport(t *testing.T) {
	t.Parallel()
	for counts, want := range map[unhandled]string{
		{}: "", {relay: 1}: "1 events", {notifier: 1, age: 59 * time.Minute}: "1 events", {relay: 1, recurring: 2, age: 59 * time.Minute}: "3 events",
	} {
		var out bytes.Buffer
		err := counts.report(&out)
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) ||
			strings.Contains(out.String(), "api replay --since 1h0m0s ") != (counts.age > 0) {
			t.Errorf("%+v: got %v and\n%s", counts, err, &out)
		}
	}
}

func TestUnhandledArguments(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-wait", "long"}, "invalid value"},
		{[]string{"now"}, `unexpected argument "now"`},
		{nil, "DATABASE_URL is required"},
	} {
		if err := unhandledCommand(t.Context(), c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("unhandled %q: got error %v, want %q", c.args, err, c.want)
		}
	}
}
