package system

import (
	"encoding/json"
	"time"
)

// Task holds the fields of a task that tests use. The API and the events have the same fields.
type Task struct {
	ID           string          `json:"id"`
	Title        string          `json:"title"`
	Description  string          `json:"description"`
	Completed    bool            `json:"completed"`
	CompletedAt  *time.Time      `json:"completed_at"`
	Priority     string          `json:"priority"`
	Tags         []string        `json:"tags"`
	DueAt        *time.Time      `json:"due_at"`
	DueOn        *string         `json:"due_on"`
	TimeZone     string          `json:"time_zone"`
	Recurrence   json.RawMessage `json:"recurrence"`
	SeriesID     *string         `json:"series_id"`
	Occurrence   *time.Time      `json:"occurrence"`
	SnoozedUntil *time.Time      `json:"snoozed_until"`
	Revision     int64           `json:"revision"`
	CreatedAt    time.Time       `json:"created_at"`
	UpdatedAt    time.Time       `json:"updated_at"`
}

// Event is a CloudEvent as a subscriber gets it.
type Event struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	TraceParent     string    `json:"traceparent"`
	Topic           string    `json:"topic"`
	Data            Data      `json:"data"`
	// RawData is Data as it arrived, and Raw the whole event.
	RawData json.RawMessage `json:"-"`
	Raw     []byte          `json:"-"`
	// Arrived is the time at which the observer got the event.
	Arrived time.Time `json:"-"`
}

// Data is the payload of an event.
type Data struct {
	EventType string                     `json:"event_type"`
	TaskID    string                     `json:"task_id"`
	UserID    string                     `json:"user_id"`
	Timestamp time.Time                  `json:"timestamp"`
	Revision  int64                      `json:"revision"`
	TaskData  Task                       `json:"task_data"`
	Previous  map[string]json.RawMessage `json:"previous"`
	Deleted   bool                       `json:"deleted"`
	Reminder  *struct {
		Number int       `json:"number"`
		At     time.Time `json:"at"`
	} `json:"reminder"`
}

// Message is a message to a WebSocket client.
type Message struct {
	Revision int64  `json:"revision"`
	Type     string `json:"type"`
	Task     *Task  `json:"task"`
	// TraceParent names the trace of the change.
	TraceParent string `json:"traceparent"`
	// IntervalSeconds is the longest time between two heartbeats, in seconds.
	IntervalSeconds float64 `json:"interval_seconds"`
	// Arrived is the time at which the client got the message.
	Arrived time.Time `json:"-"`
}

// List is a page of tasks.
type List struct {
	Items      []Task `json:"items"`
	NextCursor string `json:"next_cursor"`
}

// The topics of the system.
const (
	TopicTasks       = "task-events"
	TopicReminders   = "reminders"
	TopicUpdates     = "task-updates"
	TopicDeadLetters = "dead-letters"
)
