package task_test

import (
	"errors"
	"fmt"
	"time"

	"taskmaster/internal/task"
)

// The rent is due on the last day of each month at 09:00 in Berlin. It was paid two days late. The
// next occurrence keeps the wall time across the change to summer time on 29 March.
func ExampleNext() {
	due := time.Date(2026, 2, 28, 8, 0, 0, 0, time.UTC)
	rent := task.Task{
		Title: "Pay rent", TimeZone: "Europe/Berlin", DueAt: &due,
		Recurrence: &task.Recurrence{RRule: "FREQ=MONTHLY;BYMONTHDAY=-1"},
	}
	rent.Normalize()

	next, ok, err := task.Next(rent, due.AddDate(0, 0, 2))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ok, next.At)
	// Output: true 2026-03-31 07:00:00 +0000 UTC
}

// A shorthand falls on the last day of a month that is too short, and returns to the 31st.
func ExampleRecurrence_Occurrences() {
	due := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	occurrences, err := task.Recurrence{RRule: "monthly"}.Occurrences(due, "UTC", 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, at := range occurrences {
		fmt.Println(at.Format(time.DateOnly))
	}
	// Output:
	// 2026-02-28
	// 2026-03-31
	// 2026-04-30
}

// Validate reports every bad field in one error.
func ExampleTask_Validate() {
	t := task.Task{Priority: "urgent"}
	t.Normalize()
	if invalid, ok := errors.AsType[*task.Error](t.Validate()); ok {
		for _, field := range invalid.Fields {
			fmt.Println(field.Field, field.Message)
		}
	}
	// Output:
	// title is required
	// priority is not one of none, low, medium, high
}
