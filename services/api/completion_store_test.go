package main

import (
	"bytes"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// completions returns all task.completed events of the person in order, published or not.
func (p person) completions(t *testing.T) []event.Event {
	t.Helper()
	var completed []event.Event
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT event FROM outbox WHERE user_id = $1 AND type = $2 ORDER BY seq`, p.ID, event.TaskCompleted)
		if err != nil {
			return err
		}
		completed, err = pgx.CollectRows(rows, pgx.RowTo[event.Event])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return completed
}

// consume handles task.completed events like recurring: it sends one request for each next
// occurrence.
func (p person) consume(t *testing.T, events ...event.Event) {
	t.Helper()
	for _, e := range events {
		completed := e.Data.TaskData
		next, ok, err := task.NextTask(completed, *completed.CompletedAt)
		if err != nil {
			t.Fatal(err)
		}
		if completed.Recurrence == nil || !ok {
			continue
		}
		r := p.testAPI.send(t, "POST", "/internal/occurrences", object{
			"user_id": e.Data.UserID, "previous_id": completed.ID, "completed_revision": e.Data.Revision, "task": next,
		}, header("Dapr-Api-Token", p.cfg.AppAPIToken))
		if r.Status != 200 && r.Status != 201 {
			t.Fatalf("occurrence after %s: status %d: %s", completed.ID, r.Status, r.Body)
		}
	}
}

// series is a test with one recurring task.
type series struct {
	person
	t  *testing.T
	id uuid.UUID
}

func newSeries(t *testing.T) series {
	t.Helper()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "Pay rent", "due_at": "2026-03-02T12:00:00Z", "recurrence": object{"rrule": "daily"}})
	return series{person: p, t: t, id: made.ID}
}

// do sends one request about the task, a second after the previous one.
func (s series) do(method, suffix string, body any) {
	s.t.Helper()
	s.advance(time.Second)
	r := s.send(s.t, method, taskPath(s.id, suffix), body)
	if r.Status != 200 && r.Status != 204 {
		s.t.Fatalf("%s %s: status %d: %s", method, suffix, r.Status, r.Body)
	}
}

func (s series) complete()         { s.t.Helper(); s.do("POST", "/complete", nil) }
func (s series) reopen()           { s.t.Helper(); s.do("POST", "/reopen", nil) }
func (s series) remove()           { s.t.Helper(); s.do("DELETE", "", nil) }
func (s series) edit(edits object) { s.t.Helper(); s.do("PATCH", "", edits) }

// follower returns the one open task other than the first of the series.
func (s series) follower() task.Task {
	s.t.Helper()
	var found []task.Task
	for id, x := range s.allTasks(s.t) {
		if id != s.id && !x.Completed {
			found = append(found, x)
		}
	}
	if len(found) != 1 {
		s.t.Fatalf("got followers %+v, want one", found)
	}
	return found[0]
}

// wantTitles fails the test unless the person's tasks have these titles.
func (s series) wantTitles(want ...string) {
	s.t.Helper()
	if got := s.titles(s.t, "", 10); !slices.Equal(got, want) {
		s.t.Errorf("got tasks %q, want %q", got, want)
	}
}

// TestUndoneCompletionIsNotFollowed delivers events of completions that were undone.
func TestUndoneCompletionIsNotFollowed(t *testing.T) {
	t.Parallel()
	t.Run("reopened and deleted", func(t *testing.T) {
		t.Parallel()
		s := newSeries(t)
		s.complete()
		s.reopen()
		s.remove()
		s.consume(t, s.completions(t)...)
		s.wantTitles()
	})
	t.Run("completed again without its rule", func(t *testing.T) {
		t.Parallel()
		s := newSeries(t)
		s.complete()
		s.reopen()
		s.edit(object{"recurrence": nil})
		s.complete()
		s.consume(t, s.completions(t)...)
		s.wantTitles("Pay rent")
	})
	t.Run("completed again with another title and rule", func(t *testing.T) {
		t.Parallel()
		s := newSeries(t)
		s.complete()
		s.reopen()
		s.edit(object{"title": "Pay the rent", "recurrence": object{"rrule": "weekly"}})
		s.complete()
		events := s.completions(t)
		// The events are delivered twice.
		s.consume(t, events[0], events[1], events[0], events[1])
		s.wantTitles("Pay the rent", "Pay the rent")
		next := s.follower()
		want := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
		if !next.DueAt.Equal(want) || next.Recurrence.RRule != "weekly" || next.ID != task.SuccessorID(s.id, events[1].Data.Revision) {
			t.Errorf("got follower %+v, want it due %s by the weekly rule, with the id of the second completion", next, want)
		}
	})
	t.Run("replayed", func(t *testing.T) {
		t.Parallel()
		s := newSeries(t)
		s.complete()
		s.consume(t, s.completions(t)...)
		s.follower()
		s.reopen()
		s.remove()
		s.exec(t, `UPDATE outbox SET published_at = created_at`)
		if err := replayEvents(t.Context(), s.db, s.now().Add(-2*time.Hour), "", new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
		if n := s.count(t, `SELECT count(*) FROM outbox WHERE published_at IS NULL AND type = 'task.completed'`); n != 1 {
			t.Fatalf("%d completions are published again, want 1", n)
		}
		s.consume(t, s.completions(t)...)
		s.wantTitles()
	})
}

// TestTidiedCompletionIsFollowed deletes a completed task before its event is delivered. The series
// goes on once.
func TestTidiedCompletionIsFollowed(t *testing.T) {
	t.Parallel()
	s := newSeries(t)
	s.complete()
	s.remove()
	events := s.completions(t)
	s.consume(t, events...)
	next := s.follower()
	s.send(t, "DELETE", taskPath(next.ID), nil).want(t, 204)
	s.consume(t, events...)
	s.wantTitles()
	if n := s.count(t, `SELECT count(*) FROM completions`); n != 0 {
		t.Errorf("%d completions of a deleted and followed task are kept, want 0", n)
	}
}

// TestCompletionAfterTidyingIsFollowedToo imports a deleted task whose completion has no follower
// yet. The completions before the deletion and after it are followed once each.
func TestCompletionAfterTidyingIsFollowedToo(t *testing.T) {
	t.Parallel()
	s := newSeries(t)
	file := s.send(t, "GET", "/api/v1/export", nil).want(t, 200)
	s.complete()
	s.remove()
	s.advance(time.Second)
	s.send(t, "POST", "/api/v1/import", string(file.Body)).want(t, 200)
	s.complete()
	events := s.completions(t)
	s.consume(t, events[1], events[0], events[1], events[0])
	s.wantTitles("Pay rent", "Pay rent", "Pay rent")
	// Only the later completion is undone, so only its follower is deleted.
	s.reopen()
	left := s.allTasks(t)
	_, first := left[s.id]
	_, followed := left[task.SuccessorID(s.id, events[0].Data.Revision)]
	if !first || !followed || len(left) != 2 {
		t.Errorf("got tasks %v after the reopening, want %s and the follower of its first completion", slices.Collect(maps.Keys(left)), s.id)
	}
}

// TestSeriesGoesOnAfterItsFollowerWasDeleted completes a task again whose next occurrence was
// deleted.
func TestSeriesGoesOnAfterItsFollowerWasDeleted(t *testing.T) {
	t.Parallel()
	s := newSeries(t)
	s.complete()
	s.consume(t, s.completions(t)...)
	first := s.follower()
	s.send(t, "DELETE", taskPath(first.ID), nil).want(t, 204)
	s.reopen()
	s.complete()
	s.consume(t, s.completions(t)...)
	if second := s.follower(); second.ID == first.ID || !second.DueAt.Equal(*first.DueAt) {
		t.Errorf("got follower %+v, want another task due like %+v", second, first)
	}
}

// TestSeriesGoesOnAfterAnImport completes a task again that was deleted and imported.
func TestSeriesGoesOnAfterAnImport(t *testing.T) {
	t.Parallel()
	s := newSeries(t)
	file := s.send(t, "GET", "/api/v1/export", nil).want(t, 200)
	s.complete()
	s.consume(t, s.completions(t)...)
	s.send(t, "DELETE", taskPath(s.follower().ID), nil).want(t, 204)
	s.remove()
	s.advance(time.Second)
	s.send(t, "POST", "/api/v1/import", string(file.Body)).want(t, 200)
	s.complete()
	s.consume(t, s.completions(t)...)
	s.follower()
}

// TestCopyInAnotherAccountIsFollowedOnce moves a task to another account, where it keeps its id.
func TestCopyInAnotherAccountIsFollowedOnce(t *testing.T) {
	t.Parallel()
	s := newSeries(t)
	file := s.send(t, "GET", "/api/v1/export", nil).want(t, 200)
	s.complete()
	s.remove()
	other := series{person: s.newPerson(t), t: t, id: s.id}
	other.send(t, "POST", "/api/v1/import", string(file.Body)).want(t, 200)
	other.complete()
	events := append(s.completions(t), other.completions(t)...)
	for range 2 {
		s.consume(t, events...)
	}
	s.wantTitles("Pay rent")
	other.wantTitles("Pay rent", "Pay rent")
	other.reopen()
	other.wantTitles("Pay rent")
	s.wantTitles("Pay rent")
}

// TestTouchedFollowerStaysTheFollower completes a task again whose next occurrence was changed. A
// second occurrence beside it would double the series.
func TestTouchedFollowerStaysTheFollower(t *testing.T) {
	t.Parallel()
	s := newSeries(t)
	s.complete()
	s.consume(t, s.completions(t)...)
	next := s.follower()
	s.advance(time.Second)
	s.send(t, "PATCH", taskPath(next.ID), object{"title": "Pay rent later"}).want(t, 200)
	s.reopen()
	s.wantTitles("Pay rent", "Pay rent later")
	s.complete()
	s.consume(t, s.completions(t)...)
	s.wantTitles("Pay rent", "Pay rent later")
	// Its owner deletes it. A second delivery of the event does not bring it back.
	s.send(t, "DELETE", taskPath(next.ID), nil).want(t, 204)
	s.consume(t, s.completions(t)...)
	s.wantTitles("Pay rent")
}

// TestOlderReplicaCompletes completes a task like a replica of the previous version, which stores
// no completion. It derives the ids of followers from the occurrence's instant.
func TestOlderReplicaCompletes(t *testing.T) {
	t.Parallel()
	t.Run("followed by this version", func(t *testing.T) {
		t.Parallel()
		s := newSeries(t)
		s.complete()
		s.exec(t, `DELETE FROM completions`)
		for range 2 {
			s.consume(t, s.completions(t)...)
			s.follower()
		}
	})
	t.Run("followed by it", func(t *testing.T) {
		t.Parallel()
		s := newSeries(t)
		s.complete()
		s.exec(t, `DELETE FROM completions`)
		s.exec(t, `INSERT INTO successors (previous_id, task_id, user_id) VALUES ($1, gen_random_uuid(), $2)`, s.id, s.ID)
		s.consume(t, s.completions(t)...)
		s.wantTitles("Pay rent")
	})
	t.Run("reopened by it", func(t *testing.T) {
		t.Parallel()
		s := newSeries(t)
		s.complete()
		s.exec(t, `UPDATE tasks SET completed_at = NULL`)
		s.consume(t, s.completions(t)...)
		s.wantTitles("Pay rent")
	})
}

// TestOlderReplicaOfRecurring requests an occurrence with the id that an older recurring gives it.
// That id is the same for both completions of a task.
func TestOlderReplicaOfRecurring(t *testing.T) {
	t.Parallel()
	s := newSeries(t)
	file := s.send(t, "GET", "/api/v1/export", nil).want(t, 200)
	s.complete()
	s.remove()
	s.advance(time.Second)
	s.send(t, "POST", "/api/v1/import", string(file.Body)).want(t, 200)
	s.complete()
	older := uuid.New()
	for _, e := range s.completions(t) {
		next, _, err := task.NextTask(e.Data.TaskData, *e.Data.TaskData.CompletedAt)
		if err != nil {
			t.Fatal(err)
		}
		next.ID = older
		s.testAPI.send(t, "POST", "/internal/occurrences", object{
			"user_id": s.ID, "previous_id": s.id, "completed_revision": e.Data.Revision, "task": next,
		}, header("Dapr-Api-Token", s.cfg.AppAPIToken)).want(t, 201)
	}
	s.wantTitles("Pay rent", "Pay rent", "Pay rent")
}
