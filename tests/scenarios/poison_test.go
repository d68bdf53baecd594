package scenarios

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"taskmaster/tests/system"
)

// consumed maps each topic to an event type that its consumer acts on.
var consumed = map[string]string{
	system.TopicTasks: "task.completed", system.TopicReminders: "reminder.due", system.TopicUpdates: "task.changed",
}

// Messages that are no events, or that no consumer can read, are published to every topic, before
// people's events and in their partitions. They end as dead letters that an operator sees, and
// people notice nothing.
func TestPoisonHoldsNothingUp(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	channels(t, u)
	sockets := []*system.Socket{watch(t, u, replicaURL(t, "live", 1), 0), watch(t, u, replicaURL(t, "live", 2), 0)}

	type poison struct{ name, marker string }
	var all []poison
	for topic, eventType := range consumed {
		for name, make := range map[string]func(marker string) string{
			"bytes":         func(m string) string { return m + "\x00\xff\x1b[2J" },
			"a list":        func(m string) string { return `["` + m + `"]` },
			"no CloudEvent": func(m string) string { return `{"m": "` + m + `"}` },
			"nobody's": func(m string) string {
				return fmt.Sprintf(`{"id": %q, "type": %q, "data": {"m": %q}}`, uuid.New(), eventType, m)
			},
			"of another shape":  func(m string) string { return fmt.Sprintf(`{"id": 7, "type": %q, "data": %q}`, eventType, m) },
			"an odd trace":      func(m string) string { return `{"traceparent": 5, "traceid": {}, "m": "` + m + `"}` },
			"expired long ago":  func(m string) string { return `{"expiration": "2020-01-01T00:00:00Z", "m": "` + m + `"}` },
			"larger than usual": func(m string) string { return m + strings.Repeat(" ", 900<<10) },
		} {
			marker := uuid.NewString()[:8]
			if err := shared.Publish(t.Context(), topic, u.ID, []byte(make(marker))); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, poison{topic + ", " + name, marker})
		}
	}

	due := u.create(fields{"title": "Reminded after poison", "reminders": []fields{{"at": time.Now().Add(soon)}}})
	first := u.create(fields{"title": "Daily", "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"}})
	u.complete(first.ID)
	next := successor(t, u, first)
	notified(t, &shared.webhooks.Inbox, due.ID)
	for _, s := range sockets {
		message(t, s, next.Revision)
		checkOrder(t, s, 1, next.Revision)
	}

	var kept []system.DeadLetter
	err := system.Poll(within(t), func() (err error) {
		if kept, err = shared.DeadLetters(t.Context()); err != nil {
			return err
		}
		for _, p := range all {
			if find(kept, p.marker) == nil {
				return fmt.Errorf("%s (%s) is no dead letter", p.name, p.marker)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	// A dead letter that is replayed without a fix comes back.
	again := all[slices.IndexFunc(all, func(p poison) bool { return p.name == system.TopicReminders+", nobody's" })]
	id := find(kept, again.marker).ID
	before, err := timesDead(t, id) // brokers repeat deliveries at times
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shared.Operate(t.Context(), "dead-letters", "replay", id); err != nil {
		t.Fatal(err)
	}
	err = system.Poll(within(t), func() error {
		times, err := timesDead(t, id)
		if err == nil && times <= before {
			err = fmt.Errorf("%s has arrived %d times, as before the replay", id, times)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// timesDead returns how often a waiting dead letter has arrived.
func timesDead(t *testing.T, id string) (int, error) {
	list, err := shared.Operate(t.Context(), "dead-letters")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(list) {
		if columns := strings.Fields(line); slices.Contains(columns, id) {
			return strconv.Atoi(columns[2])
		}
	}
	return 0, fmt.Errorf("%s does not wait:\n%s", id, list)
}

// For events of a future version, consumers use the fields that they know and ignore the rest.
func TestEventsOfANewerVersion(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	channels(t, u)
	socket := watch(t, u, replicaURL(t, "live", 1), 0)
	at := time.Now().Add(soon).UTC().Truncate(time.Second)
	task := u.create(fields{"title": "Daily", "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"}, "reminders": []fields{{"at": at}}})
	message(t, socket, task.Revision)
	template := event(t, shared.observer, system.TopicTasks, u.ID, task.Revision)

	// newer returns the template as another type, with fields that no version has had yet.
	newer := func(eventType string, edit func(data, task map[string]any)) (id string, raw []byte) {
		t.Helper()
		var e map[string]any
		if err := json.Unmarshal(template.Raw, &e); err != nil {
			t.Fatal(err)
		}
		id = uuid.Must(uuid.NewV7()).String()
		e["id"], e["type"], e["specversion"] = id, eventType, "1.1"
		e["dataschema"], e["colour"] = "https://example.com/schema/v9", map[string]any{"hue": 1}
		data := e["data"].(map[string]any)
		data["event_type"], data["colour"] = eventType, []int{1}
		taskData := data["task_data"].(map[string]any)
		taskData["colour"], taskData["subtasks"] = "red", []any{map[string]any{"title": "first"}}
		edit(data, taskData)
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		return id, raw
	}
	var published []string
	publish := func(topic, id string, raw []byte) {
		t.Helper()
		if err := shared.Publish(t.Context(), topic, u.ID, raw); err != nil {
			t.Fatal(err)
		}
		published = append(published, id)
	}

	// Types that no consumer knows, with data that no known type could have.
	for topic, eventType := range consumed {
		for _, unknown := range []string{eventType + ".v2", "task.archived"} {
			id, raw := newer(unknown, func(data, task map[string]any) { data["task_id"], task["due_at"], data["revision"] = 7, true, "x" })
			publish(topic, id, raw)
		}
	}
	// Known types. The reminder and the completion are real, because only a reminder that has fired is
	// delivered, and only a real completion is followed. The newer event is the second about each. It
	// creates no second follower.
	dueReminder(t, task)
	id, raw := newer("reminder.due", func(data, task map[string]any) {
		task["priority"], task["title"] = "urgent", "Reminded from the future"
		data["reminder"] = map[string]any{"number": 0, "at": at, "snoozable": true}
	})
	publish(system.TopicReminders, id, raw)
	notified(t, &shared.webhooks.Inbox, "Reminded from the future")
	done := u.complete(task.ID)
	id, raw = newer("task.completed", func(data, task map[string]any) {
		data["revision"], task["revision"] = done.Revision, done.Revision
		task["completed"], task["completed_at"], task["title"] = true, done.CompletedAt, "From the future"
	})
	publish(system.TopicTasks, id, raw)

	err := system.Poll(within(t), func() error {
		if n := len(u.series(task)); n != 2 {
			return fmt.Errorf("the series has %d tasks, want the completed one and its follower", n)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	// The follower has the revision after the completion's.
	message(t, socket, done.Revision)
	message(t, socket, done.Revision+1)
	next := done.Revision + 2
	id, raw = newer("task.changed", func(data, task map[string]any) {
		data["revision"], task["revision"], task["priority"], task["title"] = next, next, "urgent", "Live from the future"
	})
	publish(system.TopicUpdates, id, raw)
	if m := message(t, socket, next); m.Task == nil || m.Task.Title != "Live from the future" {
		t.Errorf("the socket received %+v", m)
	}

	// If a later message is a dead letter, these would be dead letters by now too.
	for topic := range consumed {
		marker := uuid.NewString()[:8]
		if err := shared.Publish(t.Context(), topic, u.ID, []byte(marker)); err != nil {
			t.Fatal(err)
		}
		kept := deadLetter(t, shared.System, marker)
		for _, id := range published {
			if d := find(kept, id); d != nil {
				t.Errorf("it became a dead letter: %s", d.Line)
			}
		}
	}
	if n := len(u.series(task)); n != 2 {
		t.Errorf("the series has %d tasks after a second event about its completion, want 2", n)
	}
}

// deadLetter waits for a dead letter with a text in it. It returns all stored dead letters.
func deadLetter(t *testing.T, s *system.System, text string) (kept []system.DeadLetter) {
	t.Helper()
	err := system.Poll(within(t), func() (err error) {
		if kept, err = s.DeadLetters(t.Context()); err == nil && find(kept, text) == nil {
			err = fmt.Errorf("none of %d dead letters has %s", len(kept), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func find(kept []system.DeadLetter, text string) *system.DeadLetter {
	for i, d := range kept {
		if strings.Contains(d.Text, text) {
			return &kept[i]
		}
	}
	return nil
}
