package scenarios

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// Accounts, sessions and tasks survive a stop and a start of the whole system. A reminder that was
// due meanwhile fires once after the start.
func TestReminderDueWhileEverythingWasDownFiresOnStart(t *testing.T) {
	t.Parallel()
	webhooks := system.ReceiveWebhooks()
	t.Cleanup(webhooks.Close)
	dir := filepath.Join(t.TempDir(), "system")
	before := own(t, system.Config{Dir: dir})
	u := newUser(t, before)
	if _, err := webhooks.Channel(t.Context(), u.Person); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(8 * time.Second)
	due := u.create(fields{"title": "Take the bread out", "reminders": []fields{{"at": at}}})
	first := u.create(fields{"title": "Daily", "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"}})
	u.complete(first.ID)

	began := time.Now()
	if err := before.Stop(); err != nil {
		t.Fatal(err)
	}
	t.Logf("stopped in %s", time.Since(began).Round(time.Millisecond))
	if got := webhooks.Inbox.All(); len(got) != 0 {
		t.Fatalf("stopping took too long: the reminder has fired before: %+v", got)
	}
	<-time.After(time.Until(at.Add(time.Second)))

	after := own(t, system.Config{Dir: dir})
	t.Logf("ready again in %s", after.ReadyAfter.Round(time.Millisecond))
	n, err := webhooks.Inbox.Wait(within(t), system.About(due.ID))
	if err != nil {
		t.Fatal(err)
	}
	if n.Err != nil || !strings.Contains(n.Text, due.Title) {
		t.Errorf("got %+v", n)
	}
	u.Base = after.URL
	successor(t, u, first)
	if got := u.tasks(); len(got) != 3 {
		t.Errorf("after the restart there are %d tasks, want 3: %+v", len(got), got)
	}
	allSent(t, u, due.ID, 1)
	if got := ids(webhooks.Inbox.All()); len(got) != 1 {
		t.Errorf("the reminder was notified as %v, want one", got)
	}
}

// outageAlarm matches the lines of api about a sidecar, a broker or a scheduler that does not answer.
var outageAlarm = regexp.MustCompile(`(event publishing|reminder scheduling|reminder verification) degraded`)

// ofBusyDatabase reports whether a line is about a database that answers late, which is no false alarm
// on a busy machine.
func ofBusyDatabase(line string) bool {
	return strings.Contains(line, "overloaded or its database away")
}

// A start with pending events and reminders logs no outage while the sidecar starts.
func TestStartWithPendingEventsRaisesNoAlarm(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "system")
	// No sidecar can start without components.
	before := own(t, system.Config{Dir: dir, Args: []string{"-components", t.TempDir()}, Broken: true})
	u := newUser(t, before)
	u.create(fields{
		"title": "Pay rent", "due_at": "2030-01-01T09:00:00Z", "reminders": []fields{{"minutes_before": 15}},
	})
	if err := before.Stop(); err != nil {
		t.Fatal(err)
	}

	after := own(t, system.Config{Dir: dir})
	o := observe(t, after)
	u.Base = after.URL
	made := u.create(fields{"title": "Made when somebody observes"})
	event(t, o, system.TopicTasks, u.ID, made.Revision) // it comes after the pending ones
	for line := range strings.Lines(after.Tail(1 << 30)) {
		if outageAlarm.MatchString(line) && !ofBusyDatabase(line) {
			t.Errorf("a false alarm: %s", line)
		}
	}
}
