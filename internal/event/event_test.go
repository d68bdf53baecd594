package event_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

func TestNew(t *testing.T) {
	t.Parallel()
	userID := uuid.Must(uuid.NewV7())
	of := task.Task{ID: uuid.Must(uuid.NewV7()), Title: "Buy milk", Revision: 7}
	at := time.Date(2026, 3, 1, 9, 30, 0, 123_456_789, time.FixedZone("", 3600))
	first, second := event.New(event.TaskCreated, userID, of, at), event.New(event.TaskCreated, userID, of, at)

	if first.ID == second.ID || first.ID.Version() != 7 {
		t.Errorf("got ids %s and %s, want two UUIDv7", first.ID, second.ID)
	}
	if want := time.Date(2026, 3, 1, 8, 30, 0, 123_456_000, time.UTC); first.Time != want || first.Data.Timestamp != want {
		t.Errorf("got %s and %s, want %s", first.Time, first.Data.Timestamp, want)
	}
	want := event.Event{
		SpecVersion: "1.0", ID: first.ID, Source: event.Source, Type: event.TaskCreated, Subject: of.ID.String(), Time: first.Time,
		DataContentType: "application/json",
		Data: event.Data{
			EventType: event.TaskCreated, TaskID: of.ID, UserID: userID, Timestamp: first.Time, Revision: 7, TaskData: of,
		},
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("the event differs (-want +got):\n%s", diff)
	}
}

func TestTopic(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		event.TaskCreated: "task-events", event.TaskUpdated: "task-events", event.TaskCompleted: "task-events",
		event.TaskDeleted: "task-events", event.ReminderDue: "reminders", event.TaskChanged: "task-updates",
	}
	for eventType, topic := range want {
		if got := event.Topic(eventType); got != topic {
			t.Errorf("%s: got %s, want %s", eventType, got, topic)
		}
		if !event.Known(eventType) {
			t.Errorf("%s is not known", eventType)
		}
	}
	if event.Known("task.created.v2") {
		t.Error("a type that does not exist yet is known")
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	raw := string(encode(t, examples(t)[event.TaskCreated]))
	tests := []struct {
		name, raw string
		want      string // the type, or "" for code invalid
	}{
		{"an event", raw, event.TaskCreated},
		{"an unknown field", strings.Replace(raw, `"task_data": {`, `"colour": {"a": [1]}, "task_data": {"colour": 1, `, 1), event.TaskCreated},
		{"an unknown attribute", strings.Replace(raw, `"specversion"`, `"colour": "red", "specversion"`, 1), event.TaskCreated},
		{"an unknown value", strings.Replace(raw, `"priority": "high"`, `"priority": "urgent"`, 1), event.TaskCreated},
		{"a newer schema", strings.Replace(raw, `"specversion": "1.0"`, `"specversion": "1.1", "dataschema": "https://example.com/v9"`, 1), event.TaskCreated},
		{"an unknown type with an envelope of its own", `{"id": 7, "type": "task.shared", "traceparent": 5, "time": {}}`, "task.shared"},
		{"an unknown type", strings.Replace(raw, `"type": "task.created"`, `"type": "task.created.v2"`, 1), "task.created.v2"},
		{"an unknown type with other data", `{"id": "0199d2a4-7c1e-7b52-9f0a-3d2c1b0a9e8f", "type": "task.shared", "data": "text"}`, "task.shared"},
		{"a known type with other data", `{"id": "0199d2a4-7c1e-7b52-9f0a-3d2c1b0a9e8f", "type": "task.created", "data": "text"}`, ""},
		{"no type", strings.Replace(raw, `"type": "task.created"`, `"kind": 1`, 1), ""},
		{"no id", strings.Replace(raw, `"id": "`+examples(t)[event.TaskCreated].ID.String()+`"`, `"no": 1`, 1), ""},
		{"no user", strings.Replace(raw, `"user_id"`, `"owner_id"`, 1), ""},
		{"no task id", strings.Replace(raw, `"task_id"`, `"thing_id"`, 1), ""},
		{"not JSON", "<event/>", ""},
		{"nothing", "", ""},
		{"another JSON value", "[]", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, err := event.Decode([]byte(tt.raw))
			if e.Type != tt.want {
				t.Errorf("got type %q, want %q", e.Type, tt.want)
			}
			wantCode := task.CodeInvalid
			if tt.want != "" {
				wantCode = ""
			}
			if got := task.ErrorCode(err); got != wantCode {
				t.Errorf("got code %q (%v), want %q", got, err, wantCode)
			}
		})
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	before := task.Task{Title: "Buy milk", DueAt: &due, Tags: []string{"shop"}, Revision: 1, UpdatedAt: due}
	tests := []struct {
		name string
		edit func(*task.Task)
		want map[string]string
	}{
		{"nothing", func(*task.Task) {}, nil},
		{"the fields of every change", func(t *task.Task) { t.Revision, t.UpdatedAt = 2, due.Add(1) }, nil},
		{"a title", func(t *task.Task) { t.Title = "Buy oats" }, map[string]string{"title": `"Buy milk"`}},
		{"a value cleared", func(t *task.Task) { t.DueAt = nil }, map[string]string{"due_at": `"2026-03-01T08:00:00Z"`}},
		{"a value set", func(t *task.Task) { t.CompletedAt = &due }, map[string]string{"completed_at": "null"}},
		{"the same value", func(t *task.Task) { t.DueAt = new(due) }, nil},
		{"two fields", func(t *task.Task) { t.Tags, t.Completed = []string{}, true }, map[string]string{"tags": `["shop"]`, "completed": "false"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			after := before
			tt.edit(&after)
			got, err := event.Changes(before, after)
			if err != nil {
				t.Fatal(err)
			}
			equal := func(raw json.RawMessage, want string) bool { return string(raw) == want }
			if !maps.EqualFunc(got, tt.want, equal) {
				t.Errorf("got %s for %v, want %v", got, slices.Sorted(maps.Keys(got)), tt.want)
			}
		})
	}
}
