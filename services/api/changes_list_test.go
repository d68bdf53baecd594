package main

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// TestChangesWithoutTheNewestResync deletes the newest change before older ones. This happens if
// the replica that published it had a slow clock.
func TestChangesWithoutTheNewestResync(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	published := testStart.Add(eventRetention)
	publish := func(at time.Time) {
		p.exec(t, `UPDATE outbox SET published_at = $1 WHERE published_at IS NULL`, at)
	}
	p.newTask(t, object{"title": "1"})
	publish(published)
	p.newTask(t, object{"title": "2"})
	publish(published)
	p.newTask(t, object{"title": "3"})
	publish(published.Add(-2 * time.Hour))
	if _, err := purgeOnce(t.Context(), p.db, published.Add(eventRetention-time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		query  string
		resync bool
		items  int
	}{
		{"since=0", true, 0},
		{"since=1", true, 0},
		{"since=2", true, 0},
		{"since=0&limit=2", true, 0}, // nothing was cut off
		{"since=0&limit=1", false, 1},
		{"since=3", false, 0},
	} {
		got := decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?"+c.query, nil).want(t, 200))
		if got.Resync != c.resync || len(got.Items) != c.items || got.Revision != 3 {
			t.Errorf("%s: got resync %v, %d items, revision %d; want %v, %d, 3", c.query, got.Resync, len(got.Items), got.Revision, c.resync, c.items)
		}
	}
}

// TestChangesAreOneSnapshot commits a change after the request has read the user and before it
// reads the changes.
func TestChangesAreOneSnapshot(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.newTask(t, object{"title": "1"})
	answer := make(chan reply, 1)
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE`); err != nil {
			return err
		}
		go func() { answer <- p.send(t, "GET", "/api/v1/changes?since=0", nil) }()
		if err := postgrestest.AwaitWaiter(t.Context(), tx); err != nil {
			return err
		}
		made, err := newTask(task.Task{Title: "2", TimeZone: "UTC"}, testStart)
		if err != nil {
			return err
		}
		return insertTask(t.Context(), tx, p.ID, made, testStart)
	})
	if err != nil {
		t.Fatal(err)
	}
	got := decoded[apiv1.ChangePage](t, (<-answer).want(t, 200))
	if len(got.Items) == 0 {
		t.Fatalf("got no changes: %+v", got)
	}
	if last := got.Items[len(got.Items)-1].Revision; last != got.Revision {
		t.Errorf("the last change has revision %d, the answer says %d", last, got.Revision)
	}
}
