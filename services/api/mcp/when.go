package mcp

import (
	"strings"
	"time"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/phrase"
	"taskmaster/internal/task"
)

// moment is a day or an instant. Exactly one of both is set.
type moment struct {
	on *task.Date
	at *time.Time
}

// momentForms describes the texts that readMoment takes.
const momentForms = "is not a day (2026-12-31), a time (2026-12-31T15:00, or with an offset such as +01:00) or words such as “friday 15:00”"

// readMoment reads the text of an argument. Times without an offset are in zone. Other texts are read
// as words.
func (c *client) readMoment(field, text string, zone *time.Location) (moment, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		date := task.DateOf(day)
		return moment{on: &date}, nil
	}
	if at, err := task.ParseInstant(text); err == nil {
		return moment{at: &at}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if wall, err := time.Parse(layout, text); err == nil {
			at := task.Instant(wall, zone).UTC()
			return moment{at: &at}, nil
		}
	}
	d, ok := c.readWords(text, zone, func(d phrase.Draft) bool { return (d.DueAt != nil || d.DueOn != nil) && d.Recurrence == nil })
	if !ok {
		return moment{}, task.Invalid(field, momentForms)
	}
	return moment{on: d.DueOn, at: d.DueAt}, nil
}

// start returns the instant at which a moment begins in zone, and end the one at which it ends.
func (m moment) start(zone *time.Location) time.Time {
	if m.on != nil {
		return m.on.Start(zone)
	}
	return *m.at
}

func (m moment) end(zone *time.Location) time.Time {
	if m.on != nil {
		return m.on.AddDays(1).Start(zone)
	}
	return *m.at
}

// read reads a sentence like the line of the page, in the language of the account.
func (c *client) read(sentence string, zone *time.Location) phrase.Draft {
	return c.readIn(c.account.Language, sentence, zone)
}

func (c *client) readIn(language, sentence string, zone *time.Location) phrase.Draft {
	d, _ := phrase.Parse(sentence, c.now, zone, phrase.Options{Language: language, WeekStart: &c.account.WeekStart, TodoistSigns: c.account.LineSigns == apiv1.SignsTodoist})
	return d
}

// readWords reads the words of a date or a recurrence in the language of the account, or else in English,
// in which many assistants write. It returns false if words are left over, or if the draft is none of
// those asked for.
func (c *client) readWords(text string, zone *time.Location, asked func(phrase.Draft) bool) (phrase.Draft, bool) {
	for _, language := range []string{c.account.Language, "en"} {
		if d := c.readIn(language, "task "+text, zone); d.Title == "task" && asked(d) {
			return d, true
		}
	}
	return phrase.Draft{}, false
}

// readRepeat reads a recurrence: an RRULE, a shorthand such as "weekly", or words such as "every
// monday until june". The draft holds the first due date that the words name.
func (c *client) readRepeat(text string, zone *time.Location) (phrase.Draft, error) {
	if upper := strings.ToUpper(text); strings.Contains(upper, "FREQ=") {
		return phrase.Draft{Recurrence: &task.Recurrence{RRule: strings.TrimPrefix(upper, "RRULE:")}}, nil
	}
	d, ok := c.readWords(text, zone, func(d phrase.Draft) bool { return d.Recurrence != nil })
	if !ok {
		return d, task.Invalid("repeat", "is not words such as “every monday” or an RFC 5545 rule such as FREQ=WEEKLY;BYDAY=MO")
	}
	d.Recurrence.DTStart = nil
	return d, nil
}
