package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

// reconciled reconciles until the scheduler's jobs agree with the database.
func (ta *testAPI) reconciled(t *testing.T) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = ta.reminders.ReconcileOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func (ta *testAPI) swept(t *testing.T) {
	t.Helper()
	if err := ta.reminders.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// scheduled returns the jobs of a task as number@instant. The instant is in minutes after the start.
func (ta *testAPI) scheduled(id uuid.UUID) string {
	var jobs []string
	for number := range postgres.SnoozeNumber + 1 {
		if at, ok := ta.scheduler.Job(sidecar.JobName(id, number)); ok {
			jobs = append(jobs, fmt.Sprintf("%d@%v", number, at.Sub(testStart).Minutes()))
		}
	}
	return strings.Join(jobs, " ")
}

// callback sends the call of a job like the sidecar.
func (ta *testAPI) callback(t *testing.T, name string) reply {
	t.Helper()
	return ta.send(t, "POST", "/job/"+name, nil, header("Dapr-Api-Token", ta.cfg.AppAPIToken))
}

// due returns the person's reminders that fired since the last call as number@minute.
func (p person) due(t *testing.T) string {
	t.Helper()
	var due []string
	for _, e := range p.events(t) {
		if e.Type == event.ReminderDue {
			due = append(due, fmt.Sprintf("%d@%v", e.Data.Reminder.Number, e.Data.Reminder.At.Sub(testStart).Minutes()))
		}
	}
	return strings.Join(due, " ")
}

func minute(n int) string { return testStart.Add(time.Duration(n) * time.Minute).Format(time.RFC3339) }

func TestSchedulerFollowsTheTask(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "dentist", "due_at": minute(60)})
	snooze := postgres.SnoozeNumber
	for _, step := range []struct {
		name, method, path string
		body               any
		want               string
	}{
		{"created", "GET", "", nil, "0@45"},
		{"moved", "PATCH", "", object{"due_at": minute(120)}, "0@105"},
		{"other reminders", "PATCH", "", object{"reminders": []object{{"minutes_before": 60}, {"at": minute(100)}}}, "0@60 1@100"},
		{"fewer reminders", "PATCH", "", object{"reminders": []object{{"minutes_before": 60}}}, "0@60"},
		{"snoozed", "POST", "/snooze", object{"minutes": 30}, fmt.Sprintf("0@60 %d@30", snooze)},
		{"snoozed again", "POST", "/snooze", object{"minutes": 50}, fmt.Sprintf("0@60 %d@50", snooze)},
		{"renamed", "PATCH", "", object{"title": "the dentist"}, fmt.Sprintf("0@60 %d@50", snooze)},
		{"snoozed past its reminder", "POST", "/snooze", object{"minutes": 70}, fmt.Sprintf("%d@70", snooze)},
		{"moved after the snooze", "PATCH", "", object{"due_at": minute(180)}, fmt.Sprintf("0@120 %d@70", snooze)},
		{"moved back", "PATCH", "", object{"due_at": minute(120)}, fmt.Sprintf("%d@70", snooze)},
		{"completed", "POST", "/complete", nil, ""},
		{"reopened", "POST", "/reopen", nil, "0@60"},
		{"without a date", "PATCH", "", object{"due_at": nil}, ""},
		{"with a date again", "PATCH", "", object{"due_at": minute(90)}, "0@30"},
		{"due in the past", "PATCH", "", object{"due_at": minute(-10)}, ""},
		{"due later", "PATCH", "", object{"due_at": minute(80)}, "0@20"},
		{"deleted", "DELETE", "", nil, ""},
	} {
		if r := p.send(t, step.method, taskPath(made.ID, step.path), step.body); r.Status/100 != 2 {
			t.Fatalf("%s: got status %d: %s", step.name, r.Status, r.Body)
		}
		p.reconciled(t)
		if got := p.scheduled(made.ID); got != step.want {
			t.Errorf("%s: got jobs %q, want %q", step.name, got, step.want)
		}
	}
}

func TestJobFiresItsReminderOnce(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "dentist", "due_at": minute(60), "reminders": []object{{"minutes_before": 70}, {"minutes_before": 20}}})
	p.reconciled(t)
	p.events(t)
	p.advance(40 * time.Minute)
	name := sidecar.JobName(made.ID, 1)
	p.callback(t, name).want(t, 200)
	events := p.events(t)
	if len(events) != 1 {
		t.Fatalf("got %d events, want 1", len(events))
	}
	e := events[0]
	want := e
	want.Type, want.Data.UserID, want.Data.TaskID, want.Data.Revision = event.ReminderDue, p.ID, made.ID, made.Revision
	want.Data.TaskData.Title = "dentist"
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("the event differs (-want +got):\n%s", diff)
	}
	if got := e.Data.Reminder; got == nil || got.Number != 1 || !got.At.Equal(testStart.Add(40*time.Minute)) {
		t.Errorf("got reminder %+v, want number 1 at 40 minutes", got)
	}
	p.callback(t, name).want(t, 200)
	p.swept(t)
	if got := p.due(t); got != "" {
		t.Errorf("the reminder fired again: %s", got)
	}
	if more, err := p.reminders.ReconcileOnce(t.Context()); more || err != nil {
		t.Errorf("got more %v, error %v; want nothing left to schedule", more, err)
	}
	// A snooze arms it again.
	p.send(t, "POST", taskPath(made.ID, "/snooze"), object{"minutes": 5}).want(t, 200)
	p.reconciled(t)
	p.advance(5 * time.Minute)
	p.callback(t, sidecar.JobName(made.ID, postgres.SnoozeNumber)).want(t, 200)
	if got, want := p.due(t), fmt.Sprintf("%d@45", postgres.SnoozeNumber); got != want {
		t.Errorf("snoozed: got %q, want %q", got, want)
	}
}

// TestInstantThatFiredIsNotArmedAgain changes the list of reminders within a minute after they fired. A
// reminder is known by its place in the list.
func TestInstantThatFiredIsNotArmedAgain(t *testing.T) {
	t.Parallel()
	reminders := func(seconds ...int) object {
		list := []object{}
		for _, s := range seconds {
			list = append(list, object{"at": testStart.Add(time.Duration(s) * time.Second)})
		}
		return object{"reminders": list}
	}
	for _, c := range []struct {
		name  string
		edits []object
		want  string
	}{
		{"shorter", []object{reminders(30)}, ""},
		{"shorter, with another", []object{reminders(30, 59)}, "1@0.9833333333333333"},
		{"in another order", []object{reminders(30, 0)}, ""},
		{"longer", []object{reminders(58, 0, 30)}, "0@0.9666666666666667"},
		{"taken away one by one and put back", []object{reminders(30), reminders(), reminders(0, 30)}, ""},
		{"moved away and back", []object{reminders(300, 600), reminders(30, 0)}, ""},
		{"moved before it fires", []object{reminders(30, 57), reminders(57)}, "0@0.95"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newTestAPI(t).newPerson(t)
			made := p.newTask(t, object{"title": "dentist", "reminders": reminders(0, 30)["reminders"]})
			p.reconciled(t)
			p.advance(30 * time.Second)
			for number := range 2 {
				p.callback(t, sidecar.JobName(made.ID, number)).want(t, 200)
			}
			if got, want := p.due(t), "0@0 1@0.5"; got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
			p.advance(10 * time.Second)
			for _, edit := range c.edits {
				p.send(t, "PATCH", taskPath(made.ID), edit).want(t, 200)
			}
			p.reconciled(t)
			p.advance(time.Minute)
			p.swept(t)
			if got := p.due(t); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestJobThatDoesNotHold lets a job call that is no longer wanted. It is answered as done, and does
// nothing.
func TestJobThatDoesNotHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before func(t *testing.T, p person, made task.Task)
		// later is the time of the call, in minutes after the start. The reminder is set for 45.
		later int
		want  string
	}{
		{"on time", func(*testing.T, person, task.Task) {}, 45, "0@45"},
		{"late", func(*testing.T, person, task.Task) {}, 4500, "0@45"},
		{"early", func(*testing.T, person, task.Task) {}, 44, ""},
		{"moved", func(t *testing.T, p person, made task.Task) {
			t.Helper()
			p.send(t, "PATCH", taskPath(made.ID), object{"due_at": minute(90)}).want(t, 200)
		}, 45, ""},
		{"completed", func(t *testing.T, p person, made task.Task) {
			t.Helper()
			p.send(t, "POST", taskPath(made.ID, "/complete"), nil).want(t, 200)
		}, 45, ""},
		{"deleted", func(t *testing.T, p person, made task.Task) {
			t.Helper()
			p.send(t, "DELETE", taskPath(made.ID), nil).want(t, 204)
		}, 45, ""},
		{"deleted in the database", func(t *testing.T, p person, made task.Task) {
			t.Helper()
			p.exec(t, `DELETE FROM tasks WHERE id = $1`, made.ID)
		}, 45, ""},
		{"account deleted", func(t *testing.T, p person, _ task.Task) {
			t.Helper()
			p.send(t, "DELETE", "/api/v1/me", object{"password": testPassword}).want(t, 204)
		}, 45, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newTestAPI(t).newPerson(t)
			made := p.newTask(t, object{"title": "dentist", "due_at": minute(60)})
			p.reconciled(t)
			c.before(t, p, made)
			p.advance(time.Duration(c.later) * time.Minute)
			p.callback(t, sidecar.JobName(made.ID, 0)).want(t, 200)
			if got := p.due(t); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestJobWithAnotherName(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	for _, name := range []string{"unknown", "reminder-task-x-0", sidecar.JobName(uuid.New(), 0)} {
		a.callback(t, name).want(t, 200)
	}
}

// TestJobWithoutDatabase answers with an error, so that the sidecar calls again. It does so after every
// status except 2xx and 404.
func TestJobWithoutDatabase(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	made := p.newTask(t, object{"title": "dentist", "due_at": minute(60)})
	p.db.Close()
	if r := p.callback(t, sidecar.JobName(made.ID, 0)); r.Status < 500 {
		t.Errorf("got status %d, want 500 or more", r.Status)
	}
}
