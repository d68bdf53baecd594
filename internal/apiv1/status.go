package apiv1

import "time"

// Status is the answer to GET /status: the state of the system for administrators. A count that
// reached 10,000 may be higher.
type Status struct {
	// Version is the commit of api, or "" if it is unknown.
	Version string `json:"version"`
	// Problem is the code of a degraded database, such as disk_full, or "".
	Problem string `json:"problem"`
	// Sidecar is up, away or none.
	Sidecar    string           `json:"sidecar"`
	Outbox     OutboxStatus     `json:"outbox"`
	Reminders  ReminderStatus   `json:"reminders"`
	Deliveries DeliveryStatus   `json:"deliveries"`
	Letters    DeadLetterStatus `json:"dead_letters"`
}

// OutboxStatus is the state of the events on their way to the broker.
type OutboxStatus struct {
	// Pending is the number of events that the broker has not accepted.
	Pending int `json:"pending"`
	// PendingSince is the time of the oldest of them.
	PendingSince *time.Time `json:"pending_since"`
	// PublishedAt is when the broker last accepted an event.
	PublishedAt *time.Time `json:"published_at"`
}

// ReminderStatus is the state of reminders and their jobs.
type ReminderStatus struct {
	// Late are due for a minute and have not fired.
	Late int `json:"late"`
	// Unscheduled wait for a job of the scheduler.
	Unscheduled int        `json:"unscheduled"`
	NextAt      *time.Time `json:"next_at"`
}

// DeliveryStatus is the state of notifications.
type DeliveryStatus struct {
	Waiting int `json:"waiting"`
}

// DeadLetterStatus are the events that wait for a person.
type DeadLetterStatus struct {
	Waiting int          `json:"waiting"`
	Last    []DeadLetter `json:"last"`
}

// DeadLetter is an event that a consumer could not handle.
type DeadLetter struct {
	Topic  string `json:"topic"`
	Type   string `json:"type"`
	Reason string `json:"reason"`
	// Times is how often it arrived.
	Times  int       `json:"times"`
	LastAt time.Time `json:"last_at"`
}
