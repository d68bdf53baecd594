package main

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/testkit"
)

// checkReminders checks each reminder against the task's history in the events.
func (b *books) checkReminders(t *testing.T) {
	t.Helper()
	fired := 0
	for user, events := range b.ofUser {
		_, exists := b.revisions[user]
		tasks := map[uuid.UUID]*remindedTask{}
		for _, e := range events {
			k := tasks[e.Data.TaskID]
			if k == nil {
				k = &remindedTask{armed: map[int]time.Time{}, fired: map[int64]bool{}}
				tasks[e.Data.TaskID] = k
			}
			switch e.Type {
			case event.TaskChanged:
				k.change(e)
			case event.ReminderDue:
				fired++
				if problem := k.fire(e); problem != "" {
					t.Errorf("reminder %d of task %s for %v fired at %v: %s",
						e.Data.Reminder.Number, e.Data.TaskID, e.Data.Reminder.At, e.Time, problem)
				}
			}
		}
		for id, k := range tasks {
			for number, at := range k.armed {
				if exists && at.Before(b.quietAt) {
					t.Errorf("reminder %d of task %s for %v never fired", number, id, at)
				}
			}
		}
	}
	t.Logf("%d reminders fired", fired)
}

// remindedTask is the state of a task after some of its events.
type remindedTask struct {
	open bool
	// armed are the reminders that have to fire, by number, and fired the instants that did.
	armed map[int]time.Time
	fired map[int64]bool
}

// change arms the reminders of a task as it is now.
func (k *remindedTask) change(e booked) {
	armed := map[int]time.Time{}
	k.open = !e.Data.Deleted && !e.Data.TaskData.Completed
	grace := time.Minute // for a reminder whose request was on its way
	if e.Data.TaskData.Title == "imported" {
		grace = 0
	}
	if k.open {
		for number, at := range wantedReminders(e.Data.TaskData, e.Data.Timestamp) {
			before, stays := k.armed[number]
			if !k.fired[at.UnixMicro()] && (at.After(e.Time.Add(-grace)) || stays && before.Equal(at)) {
				armed[number] = at
			}
		}
	}
	k.armed = armed
}

// fire notes that a reminder fired. It returns a text when that was wrong.
func (k *remindedTask) fire(e booked) (problem string) {
	at := e.Data.Reminder.At
	armed := false
	for number, instant := range k.armed {
		if instant.Equal(at) { // reminders of the same instant are one
			armed = true
			delete(k.armed, number)
		}
	}
	switch {
	case k.fired[at.UnixMicro()]:
		problem = "it has fired before"
	case !k.open:
		problem = "the task is deleted or completed"
	case !armed:
		problem = "the task has no such reminder"
	case e.Time.Before(at.Add(-time.Second)):
		problem = "it is too early"
	}
	k.fired[at.UnixMicro()] = true
	return problem
}

// awaitJobs waits until the scheduler holds the job of each reminder to come, and the database knows
// of no other job.
func (s *stress) awaitJobs(t *testing.T) {
	t.Helper()
	testkit.Within(t, quietTime, "the scheduler holds a job for each pending reminder", func() bool {
		for name, at := range s.pendingReminders(t) {
			if got, ok := s.dapr.job(name); !ok || !got.Equal(at) {
				return false
			}
		}
		return s.count(t, `SELECT count(*) FROM reminders
			WHERE CASE WHEN state = 'pending' THEN job_at IS DISTINCT FROM fire_at ELSE job_at IS NOT NULL END`) == 0
	})
}

// pendingReminders returns the instants of pending reminders by the names of their jobs.
func (s *stress) pendingReminders(t *testing.T) map[string]time.Time {
	t.Helper()
	jobs := map[string]time.Time{}
	err := s.db.InTx(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), `SELECT task_id, number, fire_at FROM reminders WHERE state = 'pending'`)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var number int
		var at time.Time
		_, err = pgx.ForEachRow(rows, []any{&id, &number, &at}, func() error {
			jobs[sidecar.JobName(id, number)] = at
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}
