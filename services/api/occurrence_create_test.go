package main

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/task"
)

func TestMovedDueDateKeepsTheSeries(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "x", "due_at": "2026-03-02T09:00:00Z", "recurrence": object{"rrule": "weekly"}})
	moved := decoded[task.Task](t, p.send(t, "PATCH", taskPath(made.ID), object{"due_at": "2026-03-04T09:00:00Z"}).want(t, 200))
	if !moved.Occurrence.Equal(*made.DueAt) || !moved.Recurrence.DTStart.Equal(*made.DueAt) {
		t.Errorf("got occurrence %v and dtstart %v, want both %v", moved.Occurrence, moved.Recurrence.DTStart, made.DueAt)
	}
	changed := decoded[task.Task](t, p.send(t, "PATCH", taskPath(made.ID), object{"recurrence": object{"rrule": "daily"}}).want(t, 200))
	if !changed.Occurrence.Equal(*moved.DueAt) || !changed.Recurrence.DTStart.Equal(*moved.DueAt) || *changed.SeriesID != made.ID {
		t.Errorf("got occurrence %v and dtstart %v, want both %v", changed.Occurrence, changed.Recurrence.DTStart, moved.DueAt)
	}
}

func TestOccurrenceIsMadeOnce(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "daily", "due_at": "2026-03-02T12:00:00Z", "recurrence": object{"rrule": "daily"}})
	completed := decoded[task.Task](t, p.send(t, "POST", taskPath(made.ID, "/complete"), nil).want(t, 200))
	next, ok, err := task.NextTask(completed, *completed.CompletedAt)
	if err != nil || !ok {
		t.Fatalf("got %v, %v", ok, err)
	}
	follow := func(token string) reply {
		return p.testAPI.send(t, "POST", "/internal/occurrences",
			object{"user_id": p.ID, "previous_id": made.ID, "completed_revision": completed.Revision, "task": next}, header("Dapr-Api-Token", token))
	}
	follow("a guess").wantProblem(t, 403, "forbidden")
	follow(p.cfg.AppAPIToken).want(t, 201)
	follow(p.cfg.AppAPIToken).want(t, 200)
	if got := p.titles(t, "status=open", 10); len(got) != 1 {
		t.Fatalf("got %q, want one open task", got)
	}

	// The completion is undone. Its unchanged follower is deleted, and a late event does not bring
	// it back.
	p.send(t, "POST", taskPath(made.ID, "/reopen"), nil).want(t, 200)
	p.send(t, "GET", taskPath(next.ID), nil).want(t, 404)
	follow(p.cfg.AppAPIToken).want(t, 200)
	p.send(t, "GET", taskPath(next.ID), nil).want(t, 404)

	// A second completion has another follower. When the user deletes it, it does not come back.
	completed = decoded[task.Task](t, p.send(t, "POST", taskPath(made.ID, "/complete"), nil).want(t, 200))
	if next, ok, err = task.NextTask(completed, *completed.CompletedAt); err != nil || !ok {
		t.Fatalf("got %v, %v", ok, err)
	}
	follow(p.cfg.AppAPIToken).want(t, 201)
	p.send(t, "DELETE", taskPath(next.ID), nil).want(t, 204)
	follow(p.cfg.AppAPIToken).want(t, 200)
	p.send(t, "GET", taskPath(next.ID), nil).want(t, 404)
}

func TestTakenIDDoesNotEndTheSeries(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p, stranger := a.newPerson(t), a.newPerson(t)
	made := p.newTask(t, object{"title": "daily", "due_at": "2026-03-02T12:00:00Z", "recurrence": object{"rrule": "daily"}})
	completed := decoded[task.Task](t, p.send(t, "POST", taskPath(made.ID, "/complete"), nil).want(t, 200))
	next, _, err := task.NextTask(completed, *completed.CompletedAt)
	if err != nil {
		t.Fatal(err)
	}
	taken := next
	taken.Normalize()
	err = p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		return insertTask(t.Context(), tx, stranger.ID, taken, testStart)
	})
	if err != nil {
		t.Fatal(err)
	}
	body := object{"user_id": p.ID, "previous_id": made.ID, "completed_revision": completed.Revision, "task": next}
	for _, status := range []int{201, 200} {
		a.send(t, "POST", "/internal/occurrences", body, header("Dapr-Api-Token", p.cfg.AppAPIToken)).want(t, status)
	}
	if got := p.titles(t, "status=open", 10); len(got) != 1 {
		t.Errorf("got %q, want one open task", got)
	}
}
