package scenarios

import (
	"fmt"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// Brokers deliver events again, and to another replica. Every effect happens once.
func TestRedeliveredEventsChangeNothing(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	channels(t, u)
	var sockets []*system.Socket
	for replica := 1; replica <= 2; replica++ {
		sockets = append(sockets, watch(t, u, replicaURL(t, "live", replica), 0))
	}
	at := time.Now().Add(soon)
	due := u.create(fields{"title": "Remind", "reminders": []fields{{"at": at}}})
	first := u.create(fields{"title": "Repeat", "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"}})
	completed := u.complete(first.ID)
	last := successor(t, u, first).Revision
	notified(t, &shared.webhooks.Inbox, due.ID)
	allSent(t, u, due.ID, 3)
	for _, s := range sockets {
		message(t, s, last)
	}

	again := []system.Event{
		event(t, shared.observer, system.TopicTasks, u.ID, completed.Revision),
		event(t, shared.observer, system.TopicUpdates, u.ID, completed.Revision),
		dueReminder(t, due),
	}
	results := make(chan error)
	const times = 3
	for range times {
		for _, e := range again {
			go func() { results <- shared.Redeliver(t.Context(), e) }()
		}
	}
	for range times * len(again) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}

	if got := u.series(first); len(got) != 2 {
		t.Errorf("the series has %d tasks, want 2: %+v", len(got), got)
	}
	allSent(t, u, due.ID, 3)
	for _, inbox := range []*system.Inbox[system.Notification]{&shared.webhooks.Inbox, &shared.push.Inbox} {
		if got := ids(inbox.Select(system.About(due.ID))); len(got) != 1 {
			t.Errorf("the reminder was notified as %v, want one", got)
		}
	}
	marker := u.create(fields{"title": "marker"})
	for _, s := range sockets {
		message(t, s, marker.Revision)
		checkOrder(t, s, 1, marker.Revision)
	}
}

// A job that fires early, late or twice does no harm.
func TestJobsFireTwiceAndTooLate(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	remind := func(title string, at time.Time) system.Task {
		return u.create(fields{"title": title, "reminders": []fields{{"at": at}}})
	}
	far := time.Now().Add(time.Hour)
	early, completed, deleted, cleared := remind("early", far), remind("completed", far), remind("deleted", far), remind("cleared", far)
	twice := remind("twice", time.Now().Add(soon))
	u.complete(completed.ID)
	u.delete(deleted.ID)
	u.patch(cleared.ID, fields{"reminders": []fields{}})
	dueReminder(t, twice)

	for _, task := range []system.Task{early, completed, deleted, cleared, twice} {
		if err := shared.FireJob(t.Context(), fmt.Sprintf("reminder-task-%s-0", task.ID)); err != nil {
			t.Error(err)
		}
	}
	// A user's reminders are published in order. When this one has arrived, a wrong one has too.
	dueReminder(t, remind("marker", time.Now().Add(soon)))
	fired := map[string]map[string]bool{} // task id, event ids
	for _, e := range shared.observer.Inbox.Select(func(e system.Event) bool { return e.Type == "reminder.due" && e.Data.UserID == u.ID }) {
		if fired[e.Data.TaskID] == nil {
			fired[e.Data.TaskID] = map[string]bool{}
		}
		fired[e.Data.TaskID][e.ID] = true
	}
	for _, task := range []system.Task{early, completed, deleted, cleared} {
		if got := fired[task.ID]; len(got) != 0 {
			t.Errorf("the reminder of the %s one fired: %v", task.Title, got)
		}
	}
	if got := fired[twice.ID]; len(got) != 1 {
		t.Errorf("the reminder whose job fired twice fired as %v, want one", got)
	}
}

// dueReminder waits for a task's reminder.due.
func dueReminder(t *testing.T, of system.Task) system.Event {
	t.Helper()
	e, err := shared.observer.Inbox.Wait(within(t), func(e system.Event) bool {
		return e.Type == "reminder.due" && e.Data.TaskID == of.ID
	})
	if err != nil {
		t.Fatalf("reminder.due of %q: %v", of.Title, err)
	}
	return e
}

// replicaURL returns the address of a replica of a service, without the web edge.
func replicaURL(t *testing.T, service string, replica int) string {
	t.Helper()
	p, err := shared.Process(system.RoleService, service, replica)
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + p.Address
}
