package scenarios

import (
	"crypto/rand"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/tests/system"
)

// spansOf waits until a trace has certain spans, and returns those of them that it has.
func spansOf(t *testing.T, traceparent string, wanted ...string) []string {
	t.Helper()
	parts := strings.Split(traceparent, "-")
	if len(parts) != 4 {
		t.Fatalf("the traceparent is %q", traceparent)
	}
	ctx := within(t)
	for {
		all := shared.traces.Spans(parts[1])
		var found []string
		for _, span := range wanted {
			if all[span] {
				found = append(found, span)
			}
		}
		if len(found) == len(wanted) {
			return found
		}
		select {
		case <-ctx.Done():
			t.Logf("the trace %s has\n%s", parts[1], strings.Join(slices.Sorted(maps.Keys(all)), "\n"))
			return found
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// TestATraceFollowsAChange follows a completion to the next occurrence and a new task to its reminder at a
// webhook, through all services and their sidecars. Neither a span nor a line of the log has a word of a task.
func TestATraceFollowsAChange(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	channels(t, u)
	title, notes := rand.Text(), rand.Text()
	socket := watch(t, u, replicaURL(t, "live", 1), 0)
	at := time.Now().Add(soon)
	due := u.create(fields{
		"title": title, "description": notes, "tags": []string{title}, "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"},
		"reminders": []fields{{"at": at}},
	})
	hook := notified(t, &shared.webhooks.Inbox, due.ID)
	reminded := dueReminder(t, due).TraceParent
	created := event(t, shared.observer, system.TopicTasks, u.ID, due.Revision).TraceParent
	wanted := []string{
		"web: POST /api/", "api: POST /api/v1/tasks", "api: INSERT", "api: publish task-events", "api: publish reminders",
		"live: process task.changed", "notifier: process reminder.due", "notifier: deliver webhook", "notifier: deliver web_push",
		"api/dapr: /dapr.proto.runtime.v1.Dapr/ScheduleJob",
	}
	if diff := cmp.Diff(wanted, spansOf(t, created, wanted...)); diff != "" {
		t.Errorf("the trace of the new task (-want +got):\n%s", diff)
	}
	if got, want := strings.Split(reminded, "-")[1], strings.Split(created, "-")[1]; got != want {
		t.Errorf("the reminder has trace %s, its task has %s", got, want)
	}
	if got, want := hook.Header.Get("Traceparent"), strings.Split(created, "-")[1]; !strings.Contains(got, want) {
		t.Errorf("the webhook has traceparent %q, want one of trace %s", got, want)
	}
	if got := message(t, socket, due.Revision).TraceParent; got != created {
		t.Errorf("the message to the socket has traceparent %q, its event %q", got, created)
	}

	done := u.complete(due.ID)
	next := successor(t, u, due)
	completed := event(t, shared.observer, system.TopicTasks, u.ID, done.Revision).TraceParent
	wanted = []string{
		"web: POST /api/", "api: POST /api/v1/tasks/{id}/complete", "api: publish task-events", "recurring: process task.completed",
		"recurring/dapr: CallLocal/api/internal/occurrences", "api: POST /internal/occurrences",
	}
	if diff := cmp.Diff(wanted, spansOf(t, completed, wanted...)); diff != "" {
		t.Errorf("the trace of the completion (-want +got):\n%s", diff)
	}
	if got, want := event(t, shared.observer, system.TopicTasks, u.ID, next.Revision).TraceParent, strings.Split(completed, "-")[1]; !strings.Contains(got, want) {
		t.Errorf("the next occurrence has traceparent %q, want one of trace %s", got, want)
	}

	for _, path := range []string{"/tasks?q=" + title, "/tasks?tag=" + title} {
		u.do("GET", path, nil, nil)
	}
	log := shared.Tail(math.MaxInt32)
	for name, word := range map[string]string{"title": title, "notes": notes} {
		if shared.traces.Contain(word) {
			t.Errorf("a span has the %s of a task", name)
		}
		if strings.Contains(log, word) {
			t.Errorf("the log has the %s of a task", name)
		}
	}
	if !strings.Contains(log, "route=/api/v1/tasks/{id}/complete") {
		t.Error("the log has no line of the completion")
	}
}
