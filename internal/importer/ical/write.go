package ical

import (
	"bufio"
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
	if t.DueAt != nil {
		due = w.moment(*t.DueAt, t.TimeZone, zone)
	}
	w.line("BEGIN:VTODO")
	w.line("UID:" + t.ID.String())
	w.instant("DTSTAMP", &t.UpdatedAt)
	w.instant("CREATED", &t.CreatedAt)
	w.instant("LAST-MODIFIED", &t.UpdatedAt)
	w.text("SUMMARY", t.Title)
	if t.Description != "" {
		w.text("DESCRIPTION", t.Description)
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
	if !strings.HasPrefix(due, ";TZID=") {
		w.text(propTimeZone, t.TimeZone)
	}
	if err := w.recurrence(t, due); err != nil {
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

func (w *Writer) recurrence(t task.Task, due string) error {
	if t.Recurrence == nil {
		return nil
	}
	// The series of a completed task continues in the following task.
	if !t.Completed {
		w.line("DTSTART" + due)
		w.line("RRULE:" + standardRule(*t.Recurrence))
	}
	raw, err := json.Marshal(t.Recurrence)
	if err != nil {
		return fmt.Errorf("encode recurrence of task %s: %w", t.ID, err)
	}
	w.text(propRecurrence, string(raw))
	return nil
}

// standardRule returns a recurrence as a standard RRULE value. COUNT counts from the start of the
// series. Other programs, in which the series starts here, count from here.
func standardRule(r task.Recurrence) string {
	rule := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(r.RRule)), "RRULE:")
	if !strings.Contains(rule, "FREQ=") {
		rule = "FREQ=" + rule
	}
	if r.EndAt != nil && !strings.Contains(rule, "UNTIL=") && !strings.Contains(rule, "COUNT=") {
		rule += ";UNTIL=" + r.EndAt.UTC().Format(formUTC)
	}
	return rule
}

func (w *Writer) reminders(t task.Task) error {
	for _, r := range t.Reminders {
		if r.At == nil && t.DueAt == nil {
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
		if r.At != nil {
			w.line("TRIGGER;VALUE=DATE-TIME:" + r.At.UTC().Format(formUTC))
		} else {
			w.line(fmt.Sprintf("TRIGGER;RELATED=END:-PT%dM", *r.MinutesBefore))
		}
		w.line("END:VALARM")
	}
	return nil
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
