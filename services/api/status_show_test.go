package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
)

// makeAdmin makes a person an administrator.
func (p person) makeAdmin(t *testing.T) {
	t.Helper()
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		u, err := postgres.UserByID(t.Context(), tx, p.ID)
		if err != nil {
			return err
		}
		u.Admin = true
		return postgres.UpdateAccount(t.Context(), tx, u)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestStatus shows an administrator the events, reminders and dead letters that wait, and others nothing.
func TestStatus(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	admin, other := a.newPerson(t), a.newPerson(t)
	admin.makeAdmin(t)
	other.send(t, "GET", "/api/v1/status", nil).wantProblem(t, 403, "forbidden")

	before := decoded[apiv1.Status](t, admin.send(t, "GET", "/api/v1/status", nil).want(t, 200))
	due := testStart.Add(time.Hour)
	other.send(t, "POST", "/api/v1/tasks", `{"title": "secret", "due_at": "2026-03-09T09:00:00Z", "reminders": [{"at": "`+due.Format(time.RFC3339)+`"}]}`).want(t, 201)
	other.receiveDeadLetter(t, []byte(`{"type": "task.completed", "data": {"user_id": "`+other.ID.String()+`"}, "title": "secret"}`))

	r := admin.send(t, "GET", "/api/v1/status", nil).want(t, 200)
	got := decoded[apiv1.Status](t, r)
	if n := got.Outbox.Pending - before.Outbox.Pending; n < 1 || got.Outbox.PendingSince == nil {
		t.Errorf("%d more events wait, the oldest since %v", n, got.Outbox.PendingSince)
	}
	if diff := cmp.Diff(apiv1.ReminderStatus{Unscheduled: 1, NextAt: &due}, got.Reminders); diff != "" {
		t.Errorf("reminders (-want +got):\n%s", diff)
	}
	if got.Letters.Waiting != 1 || len(got.Letters.Last) != 1 || got.Letters.Last[0].Times != 1 {
		t.Errorf("dead letters are %+v", got.Letters)
	}
	// A minute after its instant, the reminder that nobody fired is late.
	a.setTime(due.Add(2 * time.Minute))
	if got := decoded[apiv1.Status](t, admin.send(t, "GET", "/api/v1/status", nil).want(t, 200)); got.Reminders.Late != 1 {
		t.Errorf("%d reminders are late, want 1", got.Reminders.Late)
	}
}
