package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/testkit"
)

// books hold all committed events and the present users. They keep the events of deleted accounts.
type books struct {
	events []booked
	byID   map[uuid.UUID]booked
	// ofUser are each user's events, and ofKey those of each user and topic, in order.
	ofUser map[uuid.UUID][]booked
	ofKey  map[postgres.Partition][]uuid.UUID
	// revisions are those of the users that exist.
	revisions map[uuid.UUID]int64
	// quietAt is the time at which all work was done.
	quietAt time.Time
}

// booked is a committed event.
type booked struct {
	event.Event
	raw string
}

func (e booked) partition() postgres.Partition {
	return postgres.Partition{UserID: e.Data.UserID, Topic: event.Topic(e.Type)}
}

// keepBook makes the database write down each event that is committed to the outbox.
func (s *stress) keepBook(t *testing.T) {
	t.Helper()
	s.exec(t, `CREATE TABLE book (seq bigint, event json)`)
	s.exec(t, `CREATE FUNCTION book() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN INSERT INTO book VALUES (NEW.seq, NEW.event); RETURN NULL; END $$`)
	s.exec(t, `CREATE TRIGGER book AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION book()`)
}

func (s *stress) readBooks(t *testing.T) *books {
	t.Helper()
	b := &books{
		byID: map[uuid.UUID]booked{}, ofUser: map[uuid.UUID][]booked{}, ofKey: map[postgres.Partition][]uuid.UUID{},
		revisions: map[uuid.UUID]int64{}, quietAt: time.Now(),
	}
	err := s.db.InTx(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT event FROM book ORDER BY seq`)
		if err != nil {
			return err
		}
		var raw []byte
		if _, err := pgx.ForEachRow(rows, []any{&raw}, func() error { return b.add(raw) }); err != nil {
			return err
		}
		if rows, err = tx.Query(t.Context(), `SELECT id, revision FROM users`); err != nil {
			return err
		}
		var id uuid.UUID
		var revision int64
		_, err = pgx.ForEachRow(rows, []any{&id, &revision}, func() error { b.revisions[id] = revision; return nil })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *books) add(raw []byte) error {
	e, err := event.Decode(raw)
	if err != nil {
		return err
	}
	entry := booked{e, string(raw)}
	b.events = append(b.events, entry)
	b.byID[e.ID] = entry
	b.ofUser[e.Data.UserID] = append(b.ofUser[e.Data.UserID], entry)
	b.ofKey[entry.partition()] = append(b.ofKey[entry.partition()], e.ID)
	return nil
}

// checkPublished checks that the broker has each user's events on each topic in order, and no other
// events. It ignores repeats. The events of a deleted account end at its deletion.
func (b *books) checkPublished(t *testing.T, taken []publication) {
	t.Helper()
	first := map[postgres.Partition][]uuid.UUID{}
	seen := map[uuid.UUID]bool{}
	repeats := 0
	for _, p := range taken {
		e, err := event.Decode([]byte(p.raw))
		if err != nil {
			t.Fatalf("read published event: %v: %s", err, p.raw)
		}
		entry, known := b.byID[e.ID]
		if !known {
			t.Fatalf("published an event that was not committed: %s", p.raw)
		}
		if p.raw != entry.raw {
			t.Fatalf("published\n%s\nwant\n%s", p.raw, entry.raw)
		}
		if key := entry.partition(); p.topic != key.Topic || p.key != key.UserID.String() {
			t.Fatalf("published to %s with key %s, want %s with %s: %s", p.topic, p.key, key.Topic, key.UserID, p.raw)
		}
		if seen[e.ID] {
			repeats++
			continue
		}
		seen[e.ID] = true
		first[entry.partition()] = append(first[entry.partition()], e.ID)
	}
	for key, want := range b.ofKey {
		if _, exists := b.revisions[key.UserID]; !exists {
			want = want[:min(len(want), len(first[key]))]
		}
		if diff := b.diff(want, first[key]); diff != "" {
			t.Errorf("published of user %s on %s: %s", key.UserID, key.Topic, diff)
		}
	}
	t.Logf("%d events of %d users were committed; the broker took %d, and %d repeats", len(b.events), len(b.ofUser), len(seen), repeats)
}

// diff describes the first place at which events differ from the committed ones. It returns "" when
// they are the same.
func (b *books) diff(want, got []uuid.UUID) string {
	name := func(ids []uuid.UUID, i int) string {
		if i >= len(ids) {
			return "nothing"
		}
		e := b.byID[ids[i]]
		return fmt.Sprintf("%s of task %s at revision %d (%s)", e.Type, e.Data.TaskID, e.Data.Revision, e.ID)
	}
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			return fmt.Sprintf("%d events, want %d; at place %d %s, want %s", len(got), len(want), i, name(got, i), name(want, i))
		}
	}
	return ""
}

// checkGone checks that no event of a deleted account was published after the barrier, and that
// none is left in the outbox.
func (s *stress) checkGone(t *testing.T, b *books, later []publication) {
	t.Helper()
	if n := s.count(t, `SELECT count(*) FROM outbox o WHERE NOT EXISTS (SELECT FROM users WHERE id = o.user_id)`); n > 0 {
		t.Errorf("the outbox has %d events of deleted accounts", n)
	}
	for _, p := range later {
		if _, exists := b.revisions[uuid.MustParse(p.key)]; !exists {
			t.Errorf("published after the account was deleted: %s", p.raw)
		}
	}
}

// checkRevisions checks that each user's changes took the revisions from 1 on, each once, in order.
func (b *books) checkRevisions(t *testing.T) {
	t.Helper()
	for user, events := range b.ofUser {
		var last, lastTask int64
		for _, e := range events {
			switch event.Topic(e.Type) {
			case event.TopicUpdates:
				if e.Data.Revision != last+1 {
					t.Errorf("user %s: revision %d of %s follows revision %d", user, e.Data.Revision, e.Type, last)
				}
				last = e.Data.Revision
			case event.TopicTasks:
				if e.Data.Revision < lastTask {
					t.Errorf("user %s: revision %d of %s follows revision %d", user, e.Data.Revision, e.Type, lastTask)
				}
				lastTask = e.Data.Revision
			}
		}
		if want, exists := b.revisions[user]; exists && last != want {
			t.Errorf("user %s: the last event has revision %d, want %d", user, last, want)
		}
	}
}

// checkPromises checks that every confirmed change is committed, and that a repeated request
// created one task.
func (b *books) checkPromises(t *testing.T, promised []promise) {
	t.Helper()
	type change struct {
		user, task uuid.UUID
		revision   int64
	}
	changes, created := map[change]bool{}, map[string]int{}
	for _, e := range b.events {
		switch e.Type {
		case event.TaskChanged:
			changes[change{e.Data.UserID, e.Data.TaskID, e.Data.Revision}] = true
		case event.TaskCreated:
			created[e.Data.TaskData.Title]++
		}
	}
	for _, p := range promised {
		if !changes[change{p.user, p.task, p.revision}] {
			t.Errorf("the change of task %s at revision %d was confirmed and has no event", p.task, p.revision)
		}
		if p.title != "" && created[p.title] == 0 {
			t.Errorf("%q was confirmed and is not created", p.title)
		}
	}
	for title, n := range created {
		if strings.HasPrefix(title, "task ") && n > 1 {
			t.Errorf("%q was created %d times by one request and its repeats", title, n)
		}
	}
}

// awaitQuiet waits until all events are published and all reminders that are due within a minute have
// fired. It does not wait for the events of the refused user and the reminders of the stuck user.
func (s *stress) awaitQuiet(t *testing.T, name string, refused, stuck uuid.UUID) {
	t.Helper()
	testkit.Within(t, quietTime, name, func() bool {
		return s.count(t, `SELECT count(*) FROM outbox WHERE published_at IS NULL AND user_id <> $1`, refused) == 0 &&
			s.count(t, `SELECT count(*) FROM reminders WHERE state = 'pending' AND fire_at < now() + interval '1 minute' AND user_id <> $1`, stuck) == 0
	})
}

// wantStuck fails the test unless the stuck users' events and reminders still wait.
func (s *stress) wantStuck(t *testing.T, refused, stuck uuid.UUID) {
	t.Helper()
	if s.count(t, `SELECT count(*) FROM outbox WHERE published_at IS NULL AND user_id = $1`, refused) == 0 {
		t.Error("the refused user's events were published")
	}
	if got := s.count(t, `SELECT count(*) FROM reminders WHERE state = 'pending' AND user_id = $1`, stuck); got != stuckReminders {
		t.Errorf("%d reminders of the stuck user wait, want %d", got, stuckReminders)
	}
}

// checkReplay replays everything. Each user's events have to come again, in order, and no other.
func (s *stress) checkReplay(t *testing.T, b *books) {
	t.Helper()
	before := len(s.dapr.publications())
	var out bytes.Buffer
	if err := replayEvents(t.Context(), s.db, time.Now().Add(-24*time.Hour), "", &out); err != nil {
		t.Fatal(err)
	}
	testkit.Within(t, quietTime, "the replayed events are published", func() bool {
		return s.count(t, `SELECT count(*) FROM outbox WHERE published_at IS NULL`) == 0
	})
	again := map[postgres.Partition][]uuid.UUID{}
	for _, p := range s.dapr.publications()[before:] {
		e, err := event.Decode([]byte(p.raw))
		if err != nil {
			t.Fatal(err)
		}
		key := booked{Event: e}.partition()
		if !slices.Contains(again[key], e.ID) {
			again[key] = append(again[key], e.ID)
		}
	}
	stored := 0
	for key, want := range b.ofKey {
		if _, exists := b.revisions[key.UserID]; !exists {
			want = nil
		}
		stored += len(want)
		if diff := b.diff(want, again[key]); diff != "" {
			t.Errorf("replayed of user %s on %s: %s", key.UserID, key.Topic, diff)
		}
	}
	if want := fmt.Sprintf("%d events ", stored); !strings.HasPrefix(out.String(), want) {
		t.Errorf("the replay reports %q, want %s", out.String(), want)
	}
	if got := s.count(t, `SELECT count(*) FROM book`); got != len(b.events) {
		t.Errorf("there are %d events after the replay, want %d", got, len(b.events))
	}
}

func (s *stress) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	postgrestest.InTx(t, s.db, func(tx pgx.Tx) error { return tx.QueryRow(t.Context(), sql, args...).Scan(&n) })
	return n
}
