package ical

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"taskmaster/internal/task"
)

// Writer writes a VCALENDAR. After an error it writes nothing more, and Close returns the first
// error.
type Writer struct {
	w     *bufio.Writer
	now   time.Time
	zones map[string]bool
}

// NewWriter begins a calendar. Its time zones extend some decades beyond now.
func NewWriter(w io.Writer, now time.Time) *Writer {
	out := &Writer{w: bufio.NewWriter(w), now: now, zones: map[string]bool{}}
	out.line("BEGIN:VCALENDAR")
	out.line("VERSION:2.0")
	out.line("PRODID:-//TaskMaster//TaskMaster//EN")
	return out
}

// Close ends the calendar.
func (w *Writer) Close() error {
	w.line("END:VCALENDAR")
	return w.Flush()
}

// Flush writes the buffered data to the underlying writer.
func (w *Writer) Flush() error {
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("write calendar: %w", err)
	}
	return nil
}

// Write adds a valid task as a VTODO. Before the first task of a time zone it adds a VTIMEZONE. It
// returns an error of code invalid if the time zone is not valid.
func (w *Writer) Write(t task.Task) error {
	zone, err := task.LoadZone(t.TimeZone)
	if err != nil {
		return fmt.Errorf("write task %s: %w", t.ID, err)
	}
	due := ""
	switch {
	case t.DueOn != nil:
		due = ";VALUE=DATE:" + t.DueOn.Midnight().Format(formDate)
	case t.DueAt != nil:
		due = w.moment(*t.DueAt, t.TimeZone, zone)
	}
	excluded := w.exDates(t, zone)
	w.line("BEGIN:VTODO")
	w.text("UID", cmp.Or(t.UID, t.ID.String()))
	if t.UID != "" {
		w.text(propID, t.ID.String())
	}
	w.instant("DTSTAMP", &t.UpdatedAt)
	w.instant("CREATED", &t.CreatedAt)
	w.instant("LAST-MODIFIED", &t.UpdatedAt)
	w.text("SUMMARY", t.Title)
	if t.Description != "" {
		w.text("DESCRIPTION", t.Description)
	}
	if written(t.Description) != t.Description {
		raw, err := json.Marshal(t.Description)
		if err != nil {
			return fmt.Errorf("encode description of task %s: %w", t.ID, err)
		}
		w.text(propDescription, strings.ReplaceAll(string(raw), "\x7f", `\u007f`))
	}
	if t.Completed {
		w.line("STATUS:COMPLETED")
		w.line("PERCENT-COMPLETE:100")
		w.instant("COMPLETED", t.CompletedAt)
	} else {
		w.line("STATUS:NEEDS-ACTION")
	}
	if n := map[task.Priority]string{task.PriorityHigh: "1", task.PriorityMedium: "5", task.PriorityLow: "9"}[t.Priority]; n != "" {
		w.line("PRIORITY:" + n)
	}
	if len(t.Tags) > 0 {
		escaped := make([]string, len(t.Tags))
		for i, tag := range t.Tags {
			escaped[i] = escape(tag)
		}
		w.line("CATEGORIES:" + strings.Join(escaped, ","))
	}
	if due != "" {
		w.line("DUE" + due)
	}
	if t.DueOn == nil && !strings.HasPrefix(due, ";TZID=") {
		w.text(propTimeZone, t.TimeZone)
	}
	if err := w.recurrence(t, due, excluded); err != nil {
		return err
	}
	if t.SeriesID != nil {
		w.text(propSeries, t.SeriesID.String())
	}
	w.exact(propOccurrence, t.Occurrence)
	w.exact(propSnoozedUntil, t.SnoozedUntil)
	if err := w.reminders(t); err != nil {
		return err
	}
	w.line("END:VTODO")
	return nil
}

// moment returns an instant as the rest of a property after the name. It writes the zone's
// VTIMEZONE first if needed. It uses UTC in the zone UTC, and for the second of two instants with
// the same local time.
func (w *Writer) moment(at time.Time, name string, zone *time.Location) string {
	local := at.In(zone)
	if name == "UTC" || !task.Instant(local, zone).Equal(at) {
		return ":" + at.UTC().Format(formUTC)
	}
	if !w.zones[name] {
		w.zones[name] = true
		w.timezone(name, zone)
	}
	return ";TZID=" + name + ":" + local.Format(formLocal)
}

// recurrence writes the series. due and excluded are the rest of the properties after their names.
func (w *Writer) recurrence(t task.Task, due string, excluded []string) error {
	if t.Recurrence == nil {
		return nil
	}
	// The series of a completed task continues in the following task.
	if !t.Completed {
		w.line("DTSTART" + due)
		w.line("RRULE:" + standardRule(*t.Recurrence, t.DueOn != nil))
		for _, at := range excluded {
			w.line("EXDATE" + at)
		}
	}
	raw, err := json.Marshal(t.Recurrence)
	if err != nil {
		return fmt.Errorf("encode recurrence of task %s: %w", t.ID, err)
	}
	w.text(propRecurrence, string(raw))
	return nil
}

// exDates returns the occurrences that an open task's series leaves out, like moment.
func (w *Writer) exDates(t task.Task, zone *time.Location) []string {
	if t.Recurrence == nil || t.Completed {
		return nil
	}
	var excluded []string
	for _, at := range t.Recurrence.ExDates {
		if t.DueOn != nil {
			excluded = append(excluded, ";VALUE=DATE:"+at.Format(formDate))
		} else {
			excluded = append(excluded, w.moment(at, t.TimeZone, zone))
		}
	}
	return excluded
}

// standardRule returns a recurrence as a standard RRULE value. COUNT counts from the start of the
// series. Other programs, in which the series starts here, count from here. The UNTIL of whole days is
// a date.
func standardRule(r task.Recurrence, wholeDays bool) string {
	rule := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(r.RRule)), "RRULE:")
	if !strings.Contains(rule, "FREQ=") {
		rule = "FREQ=" + rule
	}
	if r.EndAt != nil && !strings.Contains(rule, "UNTIL=") && !strings.Contains(rule, "COUNT=") {
		form := formUTC
		if wholeDays {
			form = formDate
		}
		rule += ";UNTIL=" + r.EndAt.UTC().Format(form)
	}
	return rule
}

func (w *Writer) reminders(t task.Task) error {
	_, due := t.Due()
	for _, r := range t.Reminders {
		if r.At == nil && !due {
			raw, err := json.Marshal(t.Reminders)
			if err != nil {
				return fmt.Errorf("encode reminders of task %s: %w", t.ID, err)
			}
			w.text(propReminders, string(raw))
			return nil
		}
	}
	for _, r := range t.Reminders {
		w.line("BEGIN:VALARM")
		w.line("ACTION:DISPLAY")
		w.text("DESCRIPTION", t.Title)
		trigger, exact := triggerOf(t, r)
		w.line("TRIGGER" + trigger)
		if !exact {
			raw, err := json.Marshal(r)
			if err != nil {
				return fmt.Errorf("encode reminder of task %s: %w", t.ID, err)
			}
			w.text(propReminder, string(raw))
		}
		w.line("END:VALARM")
	}
	return nil
}

// triggerOf returns the value of TRIGGER for a reminder, with its parameters. exact reports whether
// Read makes the same reminder of it. A whole day counts from its midnight.
func triggerOf(t task.Task, r task.Reminder) (trigger string, exact bool) {
	at, _ := t.RemindAt(r)
	switch {
	case r.At != nil:
		return ";VALUE=DATE-TIME:" + at.UTC().Format(formUTC), true
	case t.DueOn != nil && r.DaysBefore != nil:
		clock, err := time.Parse("15:04", cmp.Or(r.TimeOfDay, task.DefaultTime))
		if err != nil {
			clock = time.Time{}
		}
		minutes := clock.Hour()*60 + clock.Minute() - *r.DaysBefore*24*60
		return ";RELATED=END:" + formatMinutes(minutes), r.TimeOfDay != ""
	case r.MinutesBefore != nil:
		return fmt.Sprintf(";RELATED=END:-PT%dM", *r.MinutesBefore), t.DueOn == nil
	case r.TimeOfDay == "":
		return fmt.Sprintf(";RELATED=END:-P%dD", *r.DaysBefore), true
	}
	return ";VALUE=DATE-TIME:" + at.UTC().Format(formUTC), false
}

// formatMinutes returns a DURATION value: PT9H, -PT4H, PT30M.
func formatMinutes(minutes int) string {
	sign := ""
	if minutes < 0 {
		sign, minutes = "-", -minutes
	}
	if minutes%60 == 0 {
		return fmt.Sprintf("%sPT%dH", sign, minutes/60)
	}
	return fmt.Sprintf("%sPT%dM", sign, minutes)
}

func (w *Writer) instant(name string, at *time.Time) {
	if at != nil {
		w.line(name + ":" + at.UTC().Format(formUTC))
	}
}

// exact writes an instant with fractions of a second.
func (w *Writer) exact(name string, at *time.Time) {
	if at != nil {
		w.text(name, at.UTC().Format(time.RFC3339Nano))
	}
}

func (w *Writer) text(name, value string) { w.line(name + ":" + escape(value)) }

// escape returns a TEXT value (RFC 5545 section 3.3.11). It removes control characters, which TEXT
// cannot hold.
func escape(s string) string {
	s = strings.NewReplacer("\r\n", `\n`, "\r", `\n`, "\n", `\n`, `\`, `\\`, ";", `\;`, ",", `\,`).Replace(s)
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < 0x20 || r == 0x7f) {
			return -1
		}
		return r
	}, s)
}

// written returns a text as it is read back.
func written(s string) string { return unescape(escape(s)) }

// maxOctets is the maximum length of a line (RFC 5545 section 3.1).
const maxOctets = 75

// line writes a content line. It folds a long line between characters.
func (w *Writer) line(s string) {
	for room := maxOctets; len(s) > room; room = maxOctets - 1 {
		end := room
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		// The buffer keeps the first error, and Flush returns it.
		_, _ = w.w.WriteString(s[:end] + "\r\n ")
		s = s[end:]
	}
	_, _ = w.w.WriteString(s + "\r\n")
}
