package main

import (
	"fmt"
	"strings"
	"time"

	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// understoodWords describes an understood line in words.
type understoodWords struct {
	Title, Due, Repeats, Reminds string
	Priority                     task.Priority
	Tags                         []string
	// Next lists the days of the first occurrences.
	Next string
	// TooOften reports that the line names a recurrence more often than daily.
	TooOften bool
}

func (u understood) words(now time.Time, zone *time.Location) understoodWords {
	t := u.Task
	said := understoodWords{Title: t.Title, Repeats: u.Repeats, Priority: t.Priority, Tags: t.Tags, TooOften: t.TooOften, Reminds: remindWords(t, now, zone)}
	rc := requestContext{now: now, zone: zone}
	if due := rc.due(t.DueAt, t.DueOn); due != nil && u.Repeats == "" {
		said.Due = due.Words
	}
	var next []string
	for _, at := range u.Occurrences {
		if t.DueOn == nil {
			at = at.In(zone)
		}
		next = append(next, dayWords(at, now.In(zone)))
	}
	said.Next = strings.Join(next, " · ")
	return said
}

// remindWords describes the reminders of a draft, or returns "" when the line mentions none.
func remindWords(t phrase.Draft, now time.Time, zone *time.Location) string {
	if t.Reminders == nil {
		return ""
	}
	if len(t.Reminders) == 0 {
		return "No reminder"
	}
	var said []string
	for _, r := range t.Reminders {
		switch {
		case r.At != nil:
			said = append(said, when(*r.At, now, zone))
		case r.DaysBefore != nil:
			said = append(said, daysBeforeWords(r))
		default:
			said = append(said, minutesWords(*r.MinutesBefore)+" before")
		}
	}
	return "Reminds " + strings.Join(said, ", ")
}

// daysBeforeWords describes a reminder that counts days: "2 days before at 9:00".
func daysBeforeWords(r task.Reminder) string {
	said := "on the day"
	if n := *r.DaysBefore; n > 0 {
		said = countWords(n, "day") + " before"
	}
	if r.TimeOfDay != "" {
		said += " at " + strings.TrimPrefix(r.TimeOfDay, "0")
	}
	return said
}

// minutesWords returns a number of minutes in the largest unit that divides it: "2 hours".
func minutesWords(minutes int) string {
	n, unit := minutes, "minute"
	for _, larger := range []struct {
		minutes int
		name    string
	}{{7 * 24 * 60, "week"}, {24 * 60, "day"}, {60, "hour"}} {
		if minutes > 0 && minutes%larger.minutes == 0 {
			n, unit = minutes/larger.minutes, larger.name
			break
		}
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
