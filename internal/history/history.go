// Package history derives the history of a task, as shown to its owner, from the task's events.
package history

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
)

// The types of an entry.
const (
	Created   = "created"
	Changed   = "changed"
	Completed = "completed"
	Reopened  = "reopened"
	Snoozed   = "snoozed"
	Reminded  = "reminded"
	// Skipped reports that the task moved to its next occurrence without being completed.
	Skipped = "skipped"
	// Followed reports that the next occurrence was created.
	Followed = "followed"
)

// Entry is an entry of a task's history.
type Entry struct {
	Type string
	At   time.Time
	Detail
}

// Detail holds the details of an entry, by its type.
type Detail struct {
	// Changes belongs to Changed and is ordered by field name.
	Changes []Change `json:"changes,omitempty"`
	// Until belongs to Snoozed. It is the time of the next reminder.
	Until *time.Time `json:"until,omitempty"`
	// RemindedAt belongs to Reminded. It is the instant that the reminder was set for.
	RemindedAt *time.Time `json:"reminded_at,omitempty"`
	// NextTaskID belongs to Followed.
	NextTaskID *uuid.UUID `json:"next_task_id,omitempty"`
}

// Change is the old and new value of a field in the task's JSON.
type Change struct {
	Field string          `json:"field"`
	Old   json.RawMessage `json:"old"`
	New   json.RawMessage `json:"new"`
}

// derived reports whether a field has an entry of its own or follows from another field.
func derived(field string) bool {
	switch field {
	case "completed", "completed_at", "series_id", "occurrence":
		return true
	}
	return false
}

// Of returns the entries that an event adds to its task's history. A creation adds none, because
// the task has its creation time. A deletion adds none, because the history ends with the task.
func Of(e event.Event) ([]Entry, error) {
	switch e.Type {
	case event.TaskCompleted:
		return []Entry{{Type: Completed, At: e.Time}}, nil
	case event.ReminderDue:
		entry := Entry{Type: Reminded, At: e.Time}
		if e.Data.Reminder != nil {
			entry.RemindedAt = &e.Data.Reminder.At
		}
		return []Entry{entry}, nil
	case event.TaskUpdated:
		return updated(e)
	}
	return nil, nil
}

func updated(e event.Event) ([]Entry, error) {
	var entries []Entry
	if string(e.Data.Previous["completed"]) == "true" {
		entries = append(entries, Entry{Type: Reopened, At: e.Time})
	}
	fields := map[string]json.RawMessage{}
	for name, old := range e.Data.Previous {
		if !derived(name) {
			fields[name] = old
		}
	}
	if _, ok := fields["snoozed_until"]; ok && e.Data.TaskData.SnoozedUntil != nil {
		delete(fields, "snoozed_until")
		entries = append(entries, Entry{Type: Snoozed, At: e.Time, Detail: Detail{Until: e.Data.TaskData.SnoozedUntil}})
	}
	if len(fields) == 0 {
		return entries, nil
	}
	raw, err := json.Marshal(e.Data.TaskData)
	if err != nil {
		return nil, fmt.Errorf("encode task %s: %w", e.Data.TaskID, err)
	}
	now := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &now); err != nil {
		return nil, fmt.Errorf("read back task %s: %w", e.Data.TaskID, err)
	}
	changed := Entry{Type: Changed, At: e.Time}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		changed.Changes = append(changed.Changes, Change{Field: name, Old: fields[name], New: now[name]})
	}
	return append(entries, changed), nil
}
