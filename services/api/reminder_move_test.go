package main

import (
	"testing"
	"time"

	"taskmaster/internal/sidecar"
)

// TestRemindersMoveWithTheirTask moves a task to another account by export, deletion and import. The
// rows of its reminders exist already. The reminder has to reach the second account, also after the
// first account was deleted.
func TestRemindersMoveWithTheirTask(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		task object
		// arm makes the reminder of the imported task pending.
		arm func(t *testing.T, to person, path string)
	}{
		{"imported before it is due", object{"title": "pay rent", "due_at": minute(60)}, func(*testing.T, person, string) {}},
		{"imported overdue, then moved", object{"title": "pay rent", "due_at": minute(-60)}, func(t *testing.T, to person, path string) {
			t.Helper()
			to.send(t, "PATCH", path, object{"due_at": minute(60)}).want(t, 200)
		}},
		{"imported as completed, then reopened", object{"title": "pay rent", "due_at": minute(60), "completed": true}, func(t *testing.T, to person, path string) {
			t.Helper()
			to.send(t, "POST", path+"/reopen", nil).want(t, 200)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newTestAPI(t)
			from, to := a.newPerson(t), a.newPerson(t)
			made := from.newTask(t, object{"title": "pay rent", "due_at": minute(30)})
			path := taskPath(made.ID)
			from.send(t, "PATCH", path, c.task).want(t, 200)
			file := from.send(t, "GET", "/api/v1/export", nil).want(t, 200)
			from.send(t, "DELETE", path, nil).want(t, 204)
			to.send(t, "POST", "/api/v1/import", string(file.Body)).want(t, 200)
			c.arm(t, to, path)
			from.send(t, "DELETE", "/api/v1/me", object{"password": testPassword}).want(t, 204)

			a.reconciled(t)
			if got, want := a.scheduled(made.ID), "0@45"; got != want {
				t.Errorf("got jobs %q, want %q", got, want)
			}
			a.advance(45 * time.Minute)
			a.callback(t, sidecar.JobName(made.ID, 0)).want(t, 200)
			if got := a.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due' AND user_id = $1`, to.ID); got != 1 {
				t.Errorf("got %d reminders for the second account, want 1", got)
			}
		})
	}
}
