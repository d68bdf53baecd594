// Package event holds the events that services exchange: CloudEvents 1.0 whose data is a Data. The wire form is a contract:
// fields are added, never changed or removed; a breaking change is a new type beside the old one.
package event

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// The topics. Each is partitioned by user id and kept for seven days or more.
const (
	TopicTasks       = "task-events"
	TopicReminders   = "reminders"
	TopicUpdates     = "task-updates"
	TopicDeadLetters = "dead-letters"
)

// Topics returns the topics that api publishes to.
func Topics() []string { return []string{TopicTasks, TopicReminders, TopicUpdates} }

// The event types. Created to Deleted are on TopicTasks, ReminderDue on TopicReminders and TaskChanged on TopicUpdates.
const (
	TaskCreated   = "task.created"
	TaskUpdated   = "task.updated"
	TaskCompleted = "task.completed"
	TaskDeleted   = "task.deleted"
	ReminderDue   = "reminder.due"
	TaskChanged   = "task.changed"
)

// Source is the CloudEvents source of everything that api publishes.
const Source = "taskmaster/api"

// Event is a CloudEvent (CloudEvents 1.0 JSON format) around a Data. ID is the outbox row's UUIDv7 and the key by which
// consumers recognise a duplicate; Subject is the task id.
type Event struct {
	SpecVersion     string    `json:"specversion"`
	ID              uuid.UUID `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	TraceParent     string    `json:"traceparent,omitempty"`
	Data            Data      `json:"data"`
}

// Data is what an event says. TaskData is the whole task as it was at Revision; a deleted task's is its last state.
type Data struct {
	EventType string    `json:"event_type"`
	TaskID    uuid.UUID `json:"task_id"`
	UserID    uuid.UUID `json:"user_id"`
	Timestamp time.Time `json:"timestamp"`
	// Revision is the owner's revision that this change took; a reminder carries its task's.
	Revision int64     `json:"revision"`
	TaskData task.Task `json:"task_data"`
	// Previous holds, on task.updated, the old value of each field that changed, by JSON name.
	Previous map[string]json.RawMessage `json:"previous,omitempty"`
	// Deleted is true on task.changed when the task is gone.
	Deleted bool `json:"deleted,omitempty"`
	// Reminder says, on reminder.due, which of the task's reminders fired and for when it was set.
	Reminder *DueReminder `json:"reminder,omitempty"`
}

// DueReminder is the reminder that fired.
type DueReminder struct {
	// Number is the reminder's place in its job's name, reminder-task-<task id>-<number>.
	Number int       `json:"number"`
	At     time.Time `json:"at"`
}

// New makes the event of a change at an instant. The id is a new UUIDv7.
func New(eventType string, userID uuid.UUID, t task.Task, at time.Time) Event {
	at = at.UTC().Truncate(time.Microsecond)
	return Event{
		SpecVersion: "1.0", ID: uuid.Must(uuid.NewV7()), Source: Source, Type: eventType, Subject: t.ID.String(), Time: at,
		DataContentType: "application/json",
		Data:            Data{EventType: eventType, TaskID: t.ID, UserID: userID, Timestamp: at, Revision: t.Revision, TaskData: t},
	}
}

// Topic returns the topic that carries an event type.
func Topic(eventType string) string {
	switch eventType {
	case TaskChanged:
		return TopicUpdates
	case ReminderDue:
		return TopicReminders
	}
	return TopicTasks
}

// Decode reads a CloudEvent. Unknown fields are ignored. The error has code invalid when raw is not an event or an event of
// a known type lacks what the type promises; it will be so on every retry.
func Decode(raw []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(raw, &e); err != nil {
		// An event of an unknown type may have any id and data: what matters is its type.
		var envelope struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(raw, &envelope) == nil && envelope.Type != "" && !Known(envelope.Type) {
			return Event{Type: envelope.Type}, nil
		}
		return Event{}, task.Errorf(task.CodeInvalid, "decode event: %v", err)
	}
	if e.Type == "" {
		return Event{}, task.Errorf(task.CodeInvalid, "decode event: it has no type")
	}
	if Known(e.Type) && (e.ID == uuid.Nil || e.Data.UserID == uuid.Nil || e.Data.TaskID == uuid.Nil) {
		return Event{}, task.Errorf(task.CodeInvalid, "decode event %s of type %s: id, user_id or task_id is missing", e.ID, e.Type)
	}
	return e, nil
}

// Known says whether this version of the package knows the event type.
func Known(eventType string) bool {
	switch eventType {
	case TaskCreated, TaskUpdated, TaskCompleted, TaskDeleted, ReminderDue, TaskChanged:
		return true
	}
	return false
}

// Changes returns the old value of each field of a task that differs between before and after, by JSON name, except those
// that every change touches (revision, updated_at).
func Changes(before, after task.Task) (map[string]json.RawMessage, error) {
	old, err := fields(before)
	if err != nil {
		return nil, err
	}
	now, err := fields(after)
	if err != nil {
		return nil, err
	}
	changed := map[string]json.RawMessage{}
	for name, value := range old {
		if name != "revision" && name != "updated_at" && string(value) != string(now[name]) {
			changed[name] = value
		}
	}
	return changed, nil
}

func fields(t task.Task) (map[string]json.RawMessage, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encode task %s: %w", t.ID, err)
	}
	m := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("read back task %s: %w", t.ID, err)
	}
	return m, nil
}
