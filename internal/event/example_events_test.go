package event_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/task"
)

// examples returns an event of each type. Together they contain every field that an event can have.
func examples(t *testing.T) map[string]event.Event {
	t.Helper()
	var (
		userID = uuid.MustParse("0199a0c3-0000-7e11-a3b4-c5d6e7f80912")
		series = uuid.MustParse("0199a0c3-5d20-7e11-a3b4-c5d6e7f80912")
		due    = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
		start  = due.AddDate(0, -1, 0)
		end    = due.AddDate(1, 0, 0)
		snooze = due.Add(10 * time.Minute)
		before = 15
	)
	open := task.Task{
		ID: uuid.MustParse("0199d2a4-7c1e-7b52-9f0a-3d2c1b0a9e8f"), Title: "Pay rent", Description: "To the new account",
		Priority: task.PriorityHigh, Tags: []string{"home", "money"}, DueAt: &due, TimeZone: "Europe/Berlin",
		Recurrence: &task.Recurrence{RRule: "FREQ=MONTHLY;BYMONTHDAY=1", DTStart: &start, EndAt: &end, ExDates: []time.Time{due.AddDate(0, 3, 0)}, Anchor: task.AnchorDue, Missed: task.MissedSkip},
		Reminders:  []task.Reminder{{MinutesBefore: &before}, {DaysBefore: new(1), TimeOfDay: "20:00"}, {At: new(due.Add(-24 * time.Hour))}},
		SeriesID:   &series, Occurrence: &due,
		Revision: 42, CreatedAt: start.Add(time.Minute), UpdatedAt: start.Add(time.Minute),
	}
	plain := task.Task{
		ID: open.ID, Title: "Buy milk", Priority: task.PriorityNone, Tags: []string{}, DueOn: new(task.Date("2026-03-02")), TimeZone: "UTC", Reminders: []task.Reminder{}, UID: "milk@example.org",
		Revision: 1, CreatedAt: start, UpdatedAt: start,
	}
	snoozed := open
	snoozed.SnoozedUntil, snoozed.Revision, snoozed.UpdatedAt = &snooze, 43, due
	done := open
	done.Completed, done.CompletedAt, done.Revision, done.UpdatedAt = true, new(due.Add(time.Hour)), 44, due.Add(time.Hour)

	made := map[string]event.Event{}
	add := func(eventType string, of task.Task, at time.Time, edit func(*event.Event)) {
		e := event.New(eventType, userID, of, at)
		e.ID = uuid.NewSHA1(userID, []byte(eventType))
		if edit != nil {
			edit(&e)
		}
		made[eventType] = e
	}
	add(event.TaskCreated, open, open.CreatedAt, func(e *event.Event) {
		e.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	})
	add(event.TaskUpdated, snoozed, due, func(e *event.Event) {
		previous, err := event.Changes(open, snoozed)
		if err != nil {
			t.Fatal(err)
		}
		e.Data.Previous = previous
	})
	add(event.TaskCompleted, done, done.UpdatedAt, nil)
	add(event.TaskDeleted, plain, due, func(e *event.Event) { e.Data.Revision = 2 })
	add(event.ReminderDue, open, due.Add(-15*time.Minute), func(e *event.Event) {
		e.Data.Reminder = &event.DueReminder{Number: 0, At: due.Add(-15 * time.Minute)}
	})
	add(event.TaskChanged, plain, due, func(e *event.Event) { e.Data.Deleted, e.Data.Revision = true, 2 })
	return made
}

// encode returns an event as published, indented.
func encode(t *testing.T, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
