package task

import (
	"reflect"
	"testing"

	"github.com/google/uuid"
)

func TestSuccessorID(t *testing.T) {
	t.Parallel()
	previous := uuid.MustParse("019c4e00-0000-7000-8000-000000000001")
	// Python: uuid.uuid5(uuid.UUID("019c4e00-0000-7000-8000-000000000001"), "41"). With a changed
	// ID, a redelivered event would create its occurrence twice.
	want := uuid.MustParse("abce0719-64df-5768-ada8-0fbb699f6114")
	if got := SuccessorID(previous, 41); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if SuccessorID(uuid.New(), 41) == want {
		t.Error("another task's completion has the same id")
	}
	if SuccessorID(previous, 43) == want {
		t.Error("another completion has the same id")
	}
}

func TestNextTask(t *testing.T) {
	t.Parallel()
	due := at(t, "2026-03-23T09:00+01:00") // Berlin moves clocks forward on the 29th
	first := Task{
		ID: uuid.New(), Title: "Water the plants", Description: "All of them", Completed: true, CompletedAt: &due,
		Priority: PriorityHigh, Tags: []string{"home"}, DueAt: &due, TimeZone: "Europe/Berlin",
		Recurrence: &Recurrence{RRule: "weekly", DTStart: &due, Anchor: AnchorDue, Missed: MissedSkip},
		Reminders:  []Reminder{{MinutesBefore: new(15)}, {At: new(at(t, "2026-03-22T20:00+01:00"))}},
		Revision:   7, CreatedAt: due, UpdatedAt: due,
	}
	next := at(t, "2026-03-30T09:00+02:00").UTC()
	want := Task{
		ID: SuccessorID(first.ID, first.Revision), Title: "Water the plants", Description: "All of them",
		Priority: PriorityHigh, Tags: []string{"home"}, DueAt: &next, TimeZone: "Europe/Berlin",
		Recurrence: &Recurrence{RRule: "weekly", DTStart: &due, Anchor: AnchorDue, Missed: MissedSkip},
		Reminders:  []Reminder{{MinutesBefore: new(15)}, {At: new(at(t, "2026-03-29T20:00+02:00").UTC())}},
		SeriesID:   &first.ID, Occurrence: &next,
	}
	for range 2 {
		got, ok, err := NextTask(first, due)
		if err != nil || !ok {
			t.Fatalf("ok = %v, err = %v", ok, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}

	// The moved due date of an occurrence does not affect the series.
	moved := want
	moved.Completed, moved.DueAt = true, new(at(t, "2026-04-10T12:00+02:00"))
	got, ok, err := NextTask(moved, at(t, "2026-04-01T12:00+02:00"))
	if err != nil || !ok {
		t.Fatalf("moved: ok = %v, err = %v", ok, err)
	}
	if got, want := text(t, "Europe/Berlin", *got.DueAt, *got.Occurrence), "2026-04-06T09:00+02:00 2026-04-06T09:00+02:00"; got != want {
		t.Errorf("moved: due and occurrence are %s, want %s", got, want)
	}
	if *got.SeriesID != first.ID || got.ID != SuccessorID(moved.ID, moved.Revision) {
		t.Errorf("moved: series %s, id %s, want series %s and the id after %s", got.SeriesID, got.ID, first.ID, moved.ID)
	}
}

// TestSuccessorIDsStayApart follows a series that reaches the same instant again. Each follower
// must have an ID of its own. With a repeated ID, the series would end at an earlier task.
func TestSuccessorIDsStayApart(t *testing.T) {
	t.Parallel()
	due := at(t, "2026-02-12T09:00Z")
	task := Task{ID: uuid.New(), DueAt: &due, TimeZone: "UTC", Recurrence: &Recurrence{RRule: "FREQ=DAILY;INTERVAL=3", Anchor: AnchorCompletion}}
	ids := map[uuid.UUID]bool{task.ID: true}
	follow := func(completed, want string) {
		t.Helper()
		next, ok, err := NextTask(task, at(t, completed))
		if err != nil || !ok {
			t.Fatalf("completed %s: ok = %v, err = %v", completed, ok, err)
		}
		if got := text(t, "UTC", *next.DueAt); got != want {
			t.Errorf("completed %s: due %s, want %s", completed, got, want)
		}
		if ids[next.ID] {
			t.Errorf("completed %s: id %s is taken", completed, next.ID)
		}
		ids[next.ID] = true
		task = next
	}
	follow("2026-02-12T10:00Z", "2026-02-15T09:00Z")
	follow("2026-02-12T11:00Z", "2026-02-15T09:00Z") // completed early
	follow("2026-02-12T12:00Z", "2026-02-15T09:00Z")

	// The rule becomes daily from the 14th. The next day is the 15th again.
	task.DueAt = new(at(t, "2026-02-14T09:00Z"))
	task.Occurrence, task.Recurrence = task.DueAt, &Recurrence{RRule: "daily", DTStart: task.DueAt, Anchor: AnchorDue}
	follow("2026-02-14T09:30Z", "2026-02-15T09:00Z")
}

func TestNextErrors(t *testing.T) {
	t.Parallel()
	due := at(t, "2026-02-09T09:00Z")
	tests := []struct {
		name string
		task Task
		want Code
	}{
		{"does not recur", Task{TimeZone: "UTC", DueAt: &due}, ""},
		{"no due date", Task{TimeZone: "UTC", Recurrence: &Recurrence{RRule: "daily"}}, CodeInvalid},
		{"bad rule", Task{TimeZone: "UTC", DueAt: &due, Recurrence: &Recurrence{RRule: "FREQ=HOURLY"}}, CodeInvalid},
		{"bad zone", Task{TimeZone: "Europe/Nowhere", DueAt: &due, Recurrence: &Recurrence{RRule: "daily"}}, CodeInvalid},
		{"the server's zone", Task{TimeZone: "Local", DueAt: &due, Recurrence: &Recurrence{RRule: "daily"}}, CodeInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, ok, err := NextTask(tt.task, due)
			if got := ErrorCode(err); ok || got != tt.want {
				t.Errorf("got code %q (%v), ok %v, want code %q", got, err, ok, tt.want)
			}
		})
	}
}
