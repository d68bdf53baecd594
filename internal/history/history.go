// Package history says what happened to a task, as its owner would tell it, from the events that others are told by.
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
	// Followed is that the next occurrence was made.
	Followed = "followed"
)

// Entry is one thing that happened.
type Entry struct {
	Type string
	At   time.Time
	Detail
}

// Detail is what there is to say of an entry, by its type.
type Detail struct {
	// Changes are of Changed, by the fields' names.
	Changes []Change `json:"changes,omitempty"`
	// Until is of Snoozed: when the owner is reminded again.
	Until *time.Time `json:"until,omitempty"`
	// RemindedAt is of Reminded: the instant for which the reminder was set.
	RemindedAt *time.Time `json:"reminded_at,omitempty"`
	// NextTaskID is of Followed.
	NextTaskID *uuid.UUID `json:"next_task_id,omitempty"`
}

// Change is one field's old and new value, as they are in the task's JSON.
type Change struct {
	Field string          `json:"field"`
	Old   json.RawMessage `json:"old"`
	New   json.RawMessage `json:"new"`
}

// told are the fields that have an entry of their own, or that follow from another.
func told(field string) bool {
	switch field {
	case "completed", "completed_at", "series_id", "occurrence":
		return true
	}
	return false
}

// Of returns what an event adds to its task's history. That a task was made adds nothing, for the task says so itself; nor
// does its end, with which its history ends.
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
		if !told(name) {
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
