// Package event holds the events that services exchange: CloudEvents 1.0 around a Data. The wire
// format is a contract. Fields are added, but never changed or removed. A breaking change is a new
// type beside the old one.
package event

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// The topics. Each is partitioned by user ID and kept for seven days or more.
const (
	TopicTasks       = "task-events"
	TopicReminders   = "reminders"
	TopicUpdates     = "task-updates"
	TopicDeadLetters = "dead-letters"
)

// Topics returns the topics that api publishes to.
func Topics() []string { return []string{TopicTasks, TopicReminders, TopicUpdates} }

// The event types. TaskCreated to TaskDeleted are on TopicTasks, ReminderDue is on TopicReminders,
// and TaskChanged is on TopicUpdates.
const (
	TaskCreated   = "task.created"
	TaskUpdated   = "task.updated"
	TaskCompleted = "task.completed"
	TaskDeleted   = "task.deleted"
	ReminderDue   = "reminder.due"
	TaskChanged   = "task.changed"
)

// Types returns the event types that this version of the package knows.
func Types() []string {
	return []string{TaskCreated, TaskUpdated, TaskCompleted, TaskDeleted, ReminderDue, TaskChanged}
}

// Source is the CloudEvents source of all events of the service api.
const Source = "taskmaster/api"

// Event is a CloudEvent (CloudEvents 1.0 JSON format) around a Data. ID is the outbox row's UUIDv7,
// by which consumers recognise a duplicate. Subject is the task ID.
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

// Data is the content of an event. TaskData is the whole task at Revision, or the last state of a
// deleted task.
type Data struct {
	EventType string    `json:"event_type"`
	TaskID    uuid.UUID `json:"task_id"`
	UserID    uuid.UUID `json:"user_id"`
	Timestamp time.Time `json:"timestamp"`
	// Revision is the owner's revision of this change. The event of a reminder has the revision of
	// its task.
	Revision int64     `json:"revision"`
	TaskData task.Task `json:"task_data"`
	// Previous holds the old value of each changed field by JSON name. Only task.updated has it.
	Previous map[string]json.RawMessage `json:"previous,omitempty"`
	// Deleted is true on task.changed if the task was deleted.
	Deleted bool `json:"deleted,omitempty"`
	// Reminder is the reminder that fired. Only reminder.due has it.
	Reminder *DueReminder `json:"reminder,omitempty"`
}

// DueReminder is a reminder that fired, with the instant it was set for.
type DueReminder struct {
	// Number is the number in the name of the reminder's job, reminder-task-<task id>-<number>.
	Number int       `json:"number"`
	At     time.Time `json:"at"`
}

// New returns the event of a change at an instant. Its ID is a new UUIDv7.
func New(eventType string, userID uuid.UUID, t task.Task, at time.Time) Event {
	at = at.UTC().Truncate(time.Microsecond)
	return Event{
		SpecVersion: "1.0", ID: uuid.Must(uuid.NewV7()), Source: Source, Type: eventType, Subject: t.ID.String(), Time: at,
		DataContentType: "application/json",
		Data:            Data{EventType: eventType, TaskID: t.ID, UserID: userID, Timestamp: at, Revision: t.Revision, TaskData: t},
	}
}

// Topic returns the topic of an event type.
func Topic(eventType string) string {
	switch eventType {
	case TaskChanged:
		return TopicUpdates
	case ReminderDue:
		return TopicReminders
	}
	return TopicTasks
}

// Decode reads a CloudEvent. It ignores unknown fields. It returns code invalid if raw is not an
// event. It does too if an event of a known type lacks a required field. A retry would fail too.
func Decode(raw []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(raw, &e); err != nil {
		// An event of an unknown type may have any ID and data. Only its type matters.
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

// Known reports whether this version of the package knows the event type.
func Known(eventType string) bool { return slices.Contains(Types(), eventType) }

// Changes returns the old value of each task field that differs between before and after, by JSON
// name. It leaves out revision and updated_at, which every change touches.
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
