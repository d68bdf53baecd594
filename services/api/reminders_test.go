package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

// remindersBench is an api with somebody who has tasks, and a scheduler that records.
type remindersBench struct {
	person
	*reminders
	jobs *sidecar.Fake
}

func newRemindersBench(t *testing.T) remindersBench {
	t.Helper()
	return newRemindersBenchAt(t, testStart)
}

func newRemindersBenchAt(t *testing.T, start time.Time) remindersBench {
	t.Helper()
	a := newTestAPI(t)
	a.setTime(start)
	p := a.newPerson(t)
	b := remindersBench{person: p, jobs: &sidecar.Fake{}}
	b.reminders = newReminders(p.db, b.jobs, p.fireInTurn, p.log, p.cautious)
	return b
}

// reconciled works off all that there is to tell the scheduler.
func (b remindersBench) reconciled(t *testing.T) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = b.reconcileOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// scheduled returns the jobs of a task, as number@instant, the instant in minutes from the start.
func (b remindersBench) scheduled(id uuid.UUID) string {
	var jobs []string
	for number := range postgres.SnoozeNumber + 1 {
		if at, ok := b.jobs.Job(sidecar.JobName(id, number)); ok {
			jobs = append(jobs, fmt.Sprintf("%d@%v", number, at.Sub(testStart).Minutes()))
		}
	}
	return strings.Join(jobs, " ")
}

// callback sends the call of a job, as the sidecar does.
func (ta *testAPI) callback(t *testing.T, name string) reply {
	t.Helper()
	return ta.send(t, "POST", "/job/"+name, nil, header("Dapr-Api-Token", ta.cfg.AppAPIToken))
}

// due returns the reminders that went to the outbox since the last call, as number@minute.
func (b remindersBench) due(t *testing.T) string {
	t.Helper()
	var due []string
	for _, e := range b.events(t) {
		if e.Type == event.ReminderDue {
			due = append(due, fmt.Sprintf("%d@%v", e.Data.Reminder.Number, e.Data.Reminder.At.Sub(testStart).Minutes()))
		}
	}
	return strings.Join(due, " ")
}

func minute(n int) string { return testStart.Add(time.Duration(n) * time.Minute).Format(time.RFC3339) }

func TestSchedulerFollowsTheTask(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	made := b.newTask(t, object{"title": "dentist", "due_at": minute(60)})
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
		{"completed", "POST", "/complete", nil, ""},
		{"reopened", "POST", "/reopen", nil, "0@60"},
		{"without a date", "PATCH", "", object{"due_at": nil}, ""},
		{"with a date again", "PATCH", "", object{"due_at": minute(90)}, "0@30"},
		{"due in the past", "PATCH", "", object{"due_at": minute(-10)}, ""},
		{"due later", "PATCH", "", object{"due_at": minute(80)}, "0@20"},
		{"deleted", "DELETE", "", nil, ""},
	} {
		if r := b.send(t, step.method, taskPath(made.ID, step.path), step.body); r.Status/100 != 2 {
			t.Fatalf("%s: got status %d: %s", step.name, r.Status, r.Body)
		}
		b.reconciled(t)
		if got := b.scheduled(made.ID); got != step.want {
			t.Errorf("%s: got jobs %q, want %q", step.name, got, step.want)
		}
	}
}

func TestJobFiresItsReminderOnce(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	made := b.newTask(t, object{"title": "dentist", "due_at": minute(60), "reminders": []object{{"minutes_before": 70}, {"minutes_before": 20}}})
	b.reconciled(t)
	b.events(t)
	b.advance(40 * time.Minute)
	name := sidecar.JobName(made.ID, 1)
	b.callback(t, name).want(t, 200)
	events := b.events(t)
	if len(events) != 1 {
		t.Fatalf("got %d events, want 1", len(events))
	}
	e := events[0]
	if e.Type != event.ReminderDue || e.Data.UserID != b.ID || e.Data.TaskID != made.ID || e.Data.Revision != made.Revision || e.Data.TaskData.Title != "dentist" {
		t.Errorf("got %s at revision %d with %+v, want reminder.due of the task", e.Type, e.Data.Revision, e.Data)
	}
	if got := e.Data.Reminder; got == nil || got.Number != 1 || !got.At.Equal(testStart.Add(40*time.Minute)) {
		t.Errorf("got reminder %+v, want number 1 at 40 minutes", got)
	}
	b.callback(t, name).want(t, 200)
	b.swept(t)
	if got := b.due(t); got != "" {
		t.Errorf("it fired again: %s", got)
	}
	if more, err := b.reconcileOnce(t.Context()); more || err != nil {
		t.Errorf("got more %v, error %v; want nothing left to tell", more, err)
	}
	// A snooze after that brings it back.
	b.send(t, "POST", taskPath(made.ID, "/snooze"), object{"minutes": 5}).want(t, 200)
	b.reconciled(t)
	b.advance(5 * time.Minute)
	b.callback(t, sidecar.JobName(made.ID, postgres.SnoozeNumber)).want(t, 200)
	if got, want := b.due(t), fmt.Sprintf("%d@45", postgres.SnoozeNumber); got != want {
		t.Errorf("snoozed: got %q, want %q", got, want)
	}
}

// A reminder is known by its place in the list, and the list changes within a minute of the firing.
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
			b := newRemindersBench(t)
			made := b.newTask(t, object{"title": "dentist", "reminders": reminders(0, 30)["reminders"]})
			b.reconciled(t)
			b.advance(30 * time.Second)
			for number := range 2 {
				b.callback(t, sidecar.JobName(made.ID, number)).want(t, 200)
			}
			if got, want := b.due(t), "0@0 1@0.5"; got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
			b.advance(10 * time.Second)
			for _, edit := range c.edits {
				b.send(t, "PATCH", taskPath(made.ID), edit).want(t, 200)
			}
			b.reconciled(t)
			b.advance(20*time.Second + 2*sweepGrace)
			b.swept(t)
			if got := b.due(t); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Reminders of a task that fall on the same instant are one notification, whatever sets them off.
func TestRemindersOfOneInstantAreOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		fire func(t *testing.T, b remindersBench, jobs []string)
	}{
		{"their jobs call", func(t *testing.T, b remindersBench, jobs []string) {
			t.Helper()
			for _, name := range jobs {
				b.callback(t, name).want(t, 200)
			}
		}},
		{"their jobs call at once", func(t *testing.T, b remindersBench, jobs []string) {
			t.Helper()
			var calls sync.WaitGroup
			for _, name := range jobs {
				calls.Go(func() { b.callback(t, name) })
			}
			calls.Wait()
		}},
		{"the sweep", func(*testing.T, remindersBench, []string) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRemindersBench(t)
			made := b.newTask(t, object{"title": "dentist", "due_at": minute(60), "reminders": []object{
				{"minutes_before": 15}, {"at": minute(45)}, {"at": minute(46)}, {"at": minute(45)},
			}})
			b.send(t, "POST", taskPath(made.ID, "/snooze"), object{"minutes": 45}).want(t, 200)
			b.reconciled(t)
			jobs := slices.Sorted(maps.Keys(b.allJobs(t)))
			b.events(t)
			b.advance(46 * time.Minute)
			c.fire(t, b, jobs)
			b.advance(2 * sweepGrace)
			b.swept(t)
			b.swept(t)
			var instants []string
			for due := range strings.FieldsSeq(b.due(t)) {
				_, at, _ := strings.Cut(due, "@")
				instants = append(instants, at)
			}
			slices.Sort(instants)
			if want := []string{"45", "46"}; !slices.Equal(instants, want) {
				t.Errorf("reminders fired for minutes %v, want %v", instants, want)
			}
		})
	}
}

// A job that does not hold any more is answered as done and does nothing.
func TestJobThatDoesNotHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before func(t *testing.T, b remindersBench, made task.Task)
		// later is when the job calls, in minutes from the start; the reminder is set for 45.
		later int
		want  string
	}{
		{"on time", func(*testing.T, remindersBench, task.Task) {}, 45, "0@45"},
		{"late", func(*testing.T, remindersBench, task.Task) {}, 4500, "0@45"},
		{"early", func(*testing.T, remindersBench, task.Task) {}, 44, ""},
		{"moved", func(t *testing.T, b remindersBench, made task.Task) {
			t.Helper()
			b.send(t, "PATCH", taskPath(made.ID), object{"due_at": minute(90)}).want(t, 200)
		}, 45, ""},
		{"completed", func(t *testing.T, b remindersBench, made task.Task) {
			t.Helper()
			b.send(t, "POST", taskPath(made.ID, "/complete"), nil).want(t, 200)
		}, 45, ""},
		{"deleted", func(t *testing.T, b remindersBench, made task.Task) {
			t.Helper()
			b.send(t, "DELETE", taskPath(made.ID), nil).want(t, 204)
		}, 45, ""},
		{"deleted behind our back", func(t *testing.T, b remindersBench, made task.Task) {
			t.Helper()
			b.exec(t, `DELETE FROM tasks WHERE id = $1`, made.ID)
		}, 45, ""},
		{"account deleted", func(t *testing.T, b remindersBench, _ task.Task) {
			t.Helper()
			b.send(t, "DELETE", "/api/v1/me", object{"password": testPassword}).want(t, 204)
		}, 45, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRemindersBench(t)
			made := b.newTask(t, object{"title": "dentist", "due_at": minute(60)})
			b.reconciled(t)
			c.before(t, b, made)
			b.advance(time.Duration(c.later) * time.Minute)
			b.callback(t, sidecar.JobName(made.ID, 0)).want(t, 200)
			if got := b.due(t); got != c.want {
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

// What cannot be done now has to be called again, and only a status other than 2xx and 404 makes the sidecar do so.
func TestJobWithoutDatabase(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	made := b.newTask(t, object{"title": "dentist", "due_at": minute(60)})
	b.person.db.Close()
	if r := b.callback(t, sidecar.JobName(made.ID, 0)); r.Status < 500 {
		t.Errorf("got status %d, want 500 or more", r.Status)
	}
}

func TestThousandRemindersAtOneSecond(t *testing.T) {
	t.Parallel()
	const users, each = 10, 100
	b := newRemindersBench(t)
	var names []string
	for range users {
		p := b.newPerson(t)
		b.addTasks(t, p.ID, each, 45)
	}
	b.reconciled(t)
	for name := range maps.Keys(b.allJobs(t)) {
		names = append(names, name)
	}
	if len(names) != users*each {
		t.Fatalf("got %d jobs, want %d", len(names), users*each)
	}
	b.advance(45 * time.Minute)
	var calls sync.WaitGroup
	for _, name := range names {
		calls.Go(func() {
			for deadline := time.Now().Add(time.Minute); b.callback(t, name).Status != 200; time.Sleep(50 * time.Millisecond) { // the failure policy
				if time.Now().After(deadline) {
					t.Errorf("%s is not done after a minute", name)
					return
				}
			}
		})
	}
	calls.Wait()
	if got := b.count(t, `SELECT count(DISTINCT task_id) FROM outbox WHERE type = 'reminder.due'`); got != users*each {
		t.Errorf("%d reminders fired, want %d", got, users*each)
	}
	if got := b.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due'`); got != users*each {
		t.Errorf("there are %d events, want %d", got, users*each)
	}
}

func TestSchedulerAwayDelaysAndLosesNothing(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	b.jobs.Err = func(string, string) error { return errors.New("the scheduler is away") }
	made := b.newTask(t, object{"title": "dentist", "due_at": minute(60)})
	if _, err := b.reconcileOnce(t.Context()); err == nil {
		t.Fatal("got no error from a scheduler that is away")
	}
	b.jobs.Err = nil
	b.reconciled(t)
	if got := b.scheduled(made.ID); got != "" {
		t.Errorf("it was tried again at once: %s", got)
	}
	b.advance(retryAfter)
	b.reconciled(t)
	if got, want := b.scheduled(made.ID), "0@45"; got != want {
		t.Errorf("got jobs %q, want %q", got, want)
	}
}

// One that the scheduler refuses does not keep the others from it.
func TestRefusedJobHoldsBackItselfAlone(t *testing.T) {
	t.Parallel()
	b := newRemindersBench(t)
	refused := b.newTask(t, object{"title": "dentist", "due_at": minute(30)})
	b.jobs.Err = func(_, name string) error {
		if name == sidecar.JobName(refused.ID, 0) {
			return errors.New("a name that the scheduler does not like")
		}
		return nil
	}
	other := b.newTask(t, object{"title": "plants", "due_at": minute(60)})
	b.reconciled(t)
	if got, want := b.scheduled(other.ID), "0@45"; got != want {
		t.Errorf("the other: got jobs %q, want %q", got, want)
	}
	// Its time comes all the same.
	b.advance(15 * time.Minute)
	b.swept(t)
	if got, want := b.due(t), "0@15"; got != want {
		t.Errorf("got due %q, want %q", got, want)
	}
}

func TestRemindersRun(t *testing.T) {
	t.Parallel()
	b := newRemindersBenchAt(t, time.Now())
	overdue := b.newTask(t, object{"title": "past", "reminders": []object{{"at": time.Now().Add(time.Hour)}}})
	b.exec(t, `UPDATE reminders SET fire_at = fire_at - interval '2 hours'`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.run(ctx) }()
	eventually(t, "the overdue reminder fires", func() bool {
		return b.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due' AND task_id = '`+overdue.ID.String()+`'`) == 1
	})
	made := b.newTask(t, object{"title": "soon", "reminders": []object{{"at": time.Now().Add(time.Hour)}}})
	b.wake()
	eventually(t, "the new reminder has a job", func() bool { return b.scheduled(made.ID) != "" })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("run returned %v, want context.Canceled", err)
	}
}

// addTasks gives a user tasks with a reminder so many minutes from the start.
func (b remindersBench) addTasks(t *testing.T, user uuid.UUID, n, minutes int) {
	t.Helper()
	at := testStart.Add(time.Duration(minutes) * time.Minute)
	err := b.person.db.InTx(t.Context(), func(tx pgx.Tx) error {
		for range n {
			made, err := newTask(task.Task{Title: "one of many", TimeZone: "UTC", Reminders: []task.Reminder{{At: &at}}}, b.person.now())
			if err != nil {
				return err
			}
			if err := insertTask(t.Context(), tx, user, made, b.person.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
