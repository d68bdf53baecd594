package scenarios

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// Every change publishes its event with its fields, and task.changed too.
func TestChangesPublishEvents(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)

	created := u.create(fields{"title": "Pay rent", "priority": "high", "tags": []string{"home"}, "due_at": "2030-01-31T09:00:00Z"})
	updated := u.patch(created.ID, fields{"title": "Pay the rent", "priority": "low"})
	completed := u.complete(created.ID)
	u.delete(created.ID)

	for _, want := range []struct {
		eventType string
		revision  int64
		title     string
		completed bool
		previous  []string
		deleted   bool
		updatedAt *time.Time
	}{
		{"task.created", 1, "Pay rent", false, nil, false, &created.UpdatedAt},
		{"task.updated", 2, "Pay the rent", false, []string{"priority", "title"}, false, &updated.UpdatedAt},
		{"task.completed", 3, "Pay the rent", true, nil, false, &completed.UpdatedAt},
		{"task.deleted", 4, "Pay the rent", true, nil, true, nil},
	} {
		e := event(t, shared.observer, system.TopicTasks, u.ID, want.revision)
		if e.Type != want.eventType {
			t.Errorf("revision %d: got %s, want %s", want.revision, e.Type, want.eventType)
		}
		checkEnvelope(t, e, created.ID, want.updatedAt)
		if got := e.Data.TaskData; got.Title != want.title || got.Completed != want.completed || got.ID != created.ID {
			t.Errorf("%s: task_data is %+v", want.eventType, got)
		}
		if got := slices.Sorted(maps.Keys(e.Data.Previous)); !slices.Equal(got, want.previous) {
			t.Errorf("%s: previous has %v, want %v", want.eventType, got, want.previous)
		}

		changed := event(t, shared.observer, system.TopicUpdates, u.ID, want.revision)
		if changed.Type != "task.changed" || changed.Data.Deleted != want.deleted || changed.ID == e.ID {
			t.Errorf("beside %s: got %+v", want.eventType, changed)
		}
		checkEnvelope(t, changed, created.ID, want.updatedAt)
		if got := changed.Data.TaskData.Title; got != want.title {
			t.Errorf("beside %s: task.changed has title %q, want %q", want.eventType, got, want.title)
		}
	}

	old := event(t, shared.observer, system.TopicTasks, u.ID, 2).Data.Previous
	if string(old["title"]) != `"Pay rent"` || string(old["priority"]) != `"high"` {
		t.Errorf("previous is %s", old)
	}
}

// event waits for a user's event of a revision on a topic.
func event(t *testing.T, o *system.Observer, topic, userID string, revision int64) system.Event {
	t.Helper()
	e, err := o.Inbox.Wait(within(t), func(e system.Event) bool {
		return e.Topic == topic && e.Data.UserID == userID && e.Data.Revision == revision
	})
	if err != nil {
		t.Fatalf("revision %d on %s: %v", revision, topic, err)
	}
	return e
}

// checkEnvelope checks the fields that every event has. at is the time of the change, or nil.
func checkEnvelope(t *testing.T, e system.Event, taskID string, at *time.Time) {
	t.Helper()
	for name, pair := range map[string][2]string{
		"specversion":     {e.SpecVersion, "1.0"},
		"source":          {e.Source, "taskmaster/api"},
		"subject":         {e.Subject, taskID},
		"task_id":         {e.Data.TaskID, taskID},
		"event_type":      {e.Data.EventType, e.Type},
		"datacontenttype": {e.DataContentType, "application/json"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %s is %q, want %q", e.Type, name, pair[0], pair[1])
		}
	}
	if len(e.ID) != 36 || e.ID[14] != '7' {
		t.Errorf("%s: id %q is not a UUIDv7", e.Type, e.ID)
	}
	if at != nil && !e.Data.Timestamp.Equal(*at) {
		t.Errorf("%s: timestamp %s, want %s", e.Type, e.Data.Timestamp, at)
	}
	if !e.Time.Equal(e.Data.Timestamp) {
		t.Errorf("%s: time %s is not timestamp %s", e.Type, e.Time, e.Data.Timestamp)
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(e.RawData, &data); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"event_type", "task_id", "user_id", "timestamp", "revision", "task_data"} {
		if _, ok := data[name]; !ok {
			t.Errorf("%s: data has no %s", e.Type, name)
		}
	}
}
