// Package tasktest creates tasks for tests.
package tasktest

import (
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// Random returns a valid, normalized task with an ID, as stored in the database. Its instants are
// whole seconds. It depends only on r.
func Random(r *rand.Rand) task.Task {
	created := instant(r, 2020, 2026)
	t := task.Task{
		ID: id(r), Title: line(r, 1, 60), Description: text(r, 0, 400), Priority: pick(r, task.PriorityNone, task.PriorityLow, task.PriorityMedium, task.PriorityHigh),
		TimeZone: pick(r, "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Argentina/Buenos_Aires"),
		Revision: 1, CreatedAt: created, UpdatedAt: created, Tags: []string{}, Reminders: []task.Reminder{},
	}
	for range r.IntN(4) {
		t.Tags = append(t.Tags, text(r, 1, 10))
	}
	if r.IntN(4) > 0 {
		t.DueAt = new(due(r, t.TimeZone))
	}
	for range r.IntN(4) {
		switch r.IntN(3) {
		case 0:
			t.Reminders = append(t.Reminders, task.Reminder{At: new(instant(r, 2020, 2040))})
		case 1:
			t.Reminders = append(t.Reminders, task.Reminder{DaysBefore: new(r.IntN(task.MaxDaysBefore + 1)), TimeOfDay: pick(r, "", "09:00", "20:30")})
		default:
			t.Reminders = append(t.Reminders, task.Reminder{MinutesBefore: new(r.IntN(task.MaxMinutesBefore + 1))})
		}
	}
	if t.DueAt != nil && r.IntN(2) == 0 {
		repeat(r, &t)
	}
	if t.DueAt != nil && r.IntN(4) == 0 {
		timed := t
		t.DueAt, t.DueOn = nil, new(task.DateOf(*timed.DueAt))
		t.ChangeKind(timed, task.UsualReminders())
	}
	switch r.IntN(3) {
	case 0:
		t.Completed, t.CompletedAt = true, new(instant(r, 2020, 2026))
	case 1:
		t.SnoozedUntil = new(instant(r, 2026, 2030))
	}
	t.Normalize()
	return t
}

func repeat(r *rand.Rand, t *task.Task) {
	start := *t.DueAt
	t.Recurrence = &task.Recurrence{
		RRule:   pick(r, "daily", "weekly", "monthly", "yearly", "FREQ=WEEKLY;BYDAY=MO,TH", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=DAILY;COUNT=30", "FREQ=DAILY;UNTIL=20991231T235959Z", "freq=daily;interval=3"),
		DTStart: &start, Anchor: pick(r, task.AnchorDue, task.AnchorCompletion), Missed: pick(r, task.MissedSkip, task.MissedCatchUp),
	}
	if r.IntN(3) == 0 {
		t.Recurrence.EndAt = new(start.AddDate(2, 0, 0))
	}
	if r.IntN(3) == 0 {
		// A moved due date does not reach the later occurrences.
		if following, err := t.Occurrences(5); err == nil && len(following) > 3 {
			t.Recurrence.ExDates = following[3:]
		}
	}
	t.SeriesID, t.Occurrence = &t.ID, &start
	if r.IntN(2) == 0 {
		t.SeriesID = new(id(r))
		t.DueAt = new(t.DueAt.Add(time.Duration(r.IntN(72)) * time.Hour))
	}
}

// due returns a random instant. Half of the time it is close to a change of the clock.
func due(r *rand.Rand, zone string) time.Time {
	at := instant(r, 2020, 2040)
	location, err := task.LoadZone(zone)
	if err != nil || r.IntN(2) == 0 {
		return at
	}
	if _, end := at.In(location).ZoneBounds(); !end.IsZero() && end.Year() < 2040 {
		return end.Add(time.Duration(r.IntN(5)-2) * 30 * time.Minute).UTC()
	}
	return at
}

func instant(r *rand.Rand, from, to int) time.Time {
	first, last := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(to, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	return time.Unix(first+r.Int64N(last-first), 0).UTC()
}

func id(r *rand.Rand) uuid.UUID {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80 // UUIDv7
	return id
}

// inLine are characters of one line that often break formats.
const inLine = "abcXYZ ,;:\\\"'\t=-#%{}[]<>&äß漢字😀"

// line returns a text of one line, like a title.
func line(r *rand.Rand, least, most int) string { return from(r, inLine, least, most) }

// text returns a text of several lines.
func text(r *rand.Rand, least, most int) string { return from(r, inLine+"\n\u2028", least, most) }

// from returns a random text of the characters. The text does not begin or end with a space.
func from(r *rand.Rand, characters string, least, most int) string {
	alphabet := []rune(characters)
	var b strings.Builder
	for range least + r.IntN(most-least+1) {
		b.WriteRune(alphabet[r.IntN(len(alphabet))])
	}
	if s := strings.TrimLeft(strings.TrimSpace(b.String()), "#"); s == strings.TrimSpace(s) && len(s) >= least {
		return s
	}
	return strings.Repeat("a", least)
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }
