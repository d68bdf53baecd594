package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/event"
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

func TestChanges(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	first, second := p.newTask(t, object{"title": "1"}), p.newTask(t, object{"title": "2"})
	p.send(t, "DELETE", taskPath(first.ID), nil).want(t, 204)

	list := decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?since=1", nil).want(t, 200))
	if len(list.Items) != 2 || list.Items[0].Task.ID != second.ID || list.Items[1].Type != "task.deleted" {
		t.Errorf("got %+v, want the second task and then the deleted one", list.Items)
	}
	if list.Revision != 3 || list.Resync {
		t.Errorf("got revision %d and resync %t, want 3 and false", list.Revision, list.Resync)
	}
	list = decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?since=0&limit=2", nil).want(t, 200))
	if len(list.Items) != 2 || list.NextCursor != "2" {
		t.Errorf("got %d items and next_cursor %q, want 2 and 2", len(list.Items), list.NextCursor)
	}
	if list = decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?since=9", nil).want(t, 200)); !list.Resync {
		t.Error("a revision from the future does not resync")
	}

	// A change that the outbox has deleted cannot be listed.
	p.events(t)
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM outbox WHERE revision = 2`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if list = decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?since=1", nil).want(t, 200)); !list.Resync {
		t.Error("a gap does not resync")
	}
	if list = decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?since=0", nil).want(t, 200)); !list.Resync {
		t.Error("a gap in the middle does not resync")
	}
	if list = decoded[apiv1.ChangePage](t, p.send(t, "GET", "/api/v1/changes?since=2", nil).want(t, 200)); list.Resync || len(list.Items) != 1 {
		t.Errorf("after the gap: got %+v", list)
	}
}

func TestConcurrentChangesLeaveNoGap(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	const writers, each = 6, 5
	done := make(chan error, writers)
	for writer := range writers {
		go func() {
			var err error
			for n := range each {
				// Half of the writers send an Idempotency-Key.
				headers := []func(*http.Request){header("Idempotency-Key", fmt.Sprintf("%d-%d", writer, n))}[writer%2:]
				if r := p.send(t, "POST", "/api/v1/tasks", object{"title": "x"}, headers...); r.Status != 201 {
					err = fmt.Errorf("got status %d: %s", r.Status, r.Body)
				}
			}
			done <- err
		}()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	revision := int64(0)
	for _, e := range p.events(t) {
		if e.Type != event.TaskChanged {
			continue
		}
		if revision++; e.Data.Revision != revision {
			t.Fatalf("got revision %d, want %d", e.Data.Revision, revision)
		}
	}
	if revision != writers*each {
		t.Errorf("got %d revisions, want %d", revision, writers*each)
	}
}
