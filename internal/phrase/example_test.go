package phrase_test

import (
	"fmt"
	"time"

	"taskmaster/internal/phrase"
)

func ExampleParse() {
	now := time.Date(2026, 2, 11, 10, 0, 0, 0, time.UTC)
	line := "pay rent every 1st at 9am !high #home"
	draft, spans := phrase.Parse(line, now, time.UTC, phrase.Options{})

	fmt.Println("title:", draft.Title)
	fmt.Println("due:", draft.DueAt.Format(time.RFC3339))
	fmt.Println("repeats:", phrase.Say(*draft.Recurrence, *draft.DueAt, time.UTC))
	fmt.Println("priority:", draft.Priority)
	for _, s := range spans {
		fmt.Printf("%s: %q\n", s.Kind, line[s.Start:s.End])
	}
	// Output:
	// title: pay rent
	// due: 2026-03-01T09:00:00Z
	// repeats: every month on the 1st at 09:00
	// priority: high
	// recurrence: "every 1st"
	// due: "at 9am"
	// priority: "!high"
	// tag: "#home"
}

// A day without a time is a whole day.
func ExampleParse_wholeDay() {
	draft, _ := phrase.Parse("put the bins out every friday", time.Date(2026, 2, 11, 10, 0, 0, 0, time.UTC), time.UTC, phrase.Options{})
	fmt.Println(*draft.DueOn, phrase.SayDays(*draft.Recurrence, *draft.DueOn))
	// Output: 2026-02-13 every Friday
}

// The caller names the order of 3/4, and the day of a line without one.
func ExampleParse_options() {
	now := time.Date(2026, 2, 11, 10, 0, 0, 0, time.UTC)
	options := phrase.Options{DateOrder: phrase.DayMonth, Day: time.Date(2026, 2, 20, 0, 0, 0, 0, time.UTC)}
	for _, line := range []string{"call mum on 3/4 at 10:00", "dentist 15:00"} {
		draft, _ := phrase.Parse(line, now, time.UTC, options)
		fmt.Println(draft.Title, draft.DueAt.Format(time.RFC3339))
	}
	// Output:
	// call mum 2026-04-03T10:00:00Z
	// dentist 2026-02-20T15:00:00Z
}
