package ical

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/task"
)

// Todo is a task as a file has it.
type Todo struct {
	// UID is what tells the entry from others, in this and in any other file. An entry without a UID gets one from what it
	// says, and an exception to a series one of its own.
	UID string
	// Line is where it begins in the file.
	Line int
	// Task has no id and is not yet normalized. CreatedAt may be zero.
	Task task.Task
	// Bad are the properties that could not be understood, by field.
	Bad []task.FieldError
	// Notes say what was left out of it.
	Notes []string
}

// Read returns the VTODO components of iCalendar data, in order. Times without a zone, dates, and times in UTC are read as
// those of an account with a time zone (IANA); now is when a task was completed of which the file does not say when. A task
// that is due on a date is due at the end of it. It stops at more than limit. The error has code invalid and names the line.
func Read(data []byte, accountZone string, now time.Time, limit int) ([]Todo, error) {
	z, err := readZones(data, accountZone)
	if err != nil {
		return nil, err
	}
	todos := []Todo{}
	err = scan(data, "VTODO", func(c component) error {
		if len(todos) == limit {
			return task.Errorf(task.CodeInvalid, "the file has more than %d tasks: split it", limit)
		}
		r := reader{zones: z, component: c, now: now}
		todos = append(todos, r.todo())
		return nil
	})
	return todos, err
}

// reader turns one VTODO into a task and gathers what is wrong with it.
type reader struct {
	zones
	component
	now time.Time
	t   task.Task
	bad []task.FieldError
	// notes are of what was left out.
	notes []string
}

func (r *reader) fail(field string, err error) {
	r.bad = append(r.bad, task.FieldError{Field: field, Message: err.Error()})
}

// at reads a time, nil when it is not there.
func (r *reader) at(name, field string) *moment {
	m, ok, err := r.moment(r.component, name)
	if err != nil {
		r.fail(field, err)
	}
	if !ok {
		return nil
	}
	return &m
}

func (r *reader) todo() Todo {
	r.words()
	due := r.dueDate()
	r.completion()
	r.recurrence(due)
	r.reminders()
	if created := r.at("CREATED", "created_at"); created != nil {
		r.t.CreatedAt = created.at.UTC()
	}
	r.series()
	bad := r.bad // leftOut reads again what was read
	r.leftOut()
	return Todo{UID: r.uid(), Line: r.line, Task: r.t, Bad: bad, Notes: r.notes}
}

// words reads title, description, tags and priority.
func (r *reader) words() {
	r.t.Title, r.t.Description = strings.TrimSpace(r.text("SUMMARY")), r.text("DESCRIPTION")
	for _, p := range r.properties {
		switch extra := strings.TrimSpace(unescape(p.value)); {
		case extra == "" || strings.Contains(r.t.Description, extra):
		case p.name == "LOCATION", p.name == "URL", p.name == "COMMENT", p.name == "ATTACH" && isLink(extra):
			r.t.Description = strings.TrimPrefix(r.t.Description+"\n"+extra, "\n")
		}
	}
	if r.t.Title == "" {
		r.t.Title = "Untitled"
	}
	r.t.Tags = []string{}
	for _, p := range r.properties {
		if p.name != "CATEGORIES" {
			continue
		}
		for _, tag := range splitList(p.value) {
			if tag = strings.TrimSpace(tag); tag != "" {
				r.t.Tags = append(r.t.Tags, tag)
			}
		}
	}
	p, _ := r.get("PRIORITY")
	switch n, _ := strconv.Atoi(strings.TrimSpace(p.value)); {
	case n >= 1 && n <= 4:
		r.t.Priority = task.PriorityHigh
	case n == 5:
		r.t.Priority = task.PriorityMedium
	case n >= 6 && n <= 9:
		r.t.Priority = task.PriorityLow
	default:
		r.t.Priority = task.PriorityNone
	}
}

// dueDate reads DUE or what stands for it, and the time zone. It returns the value that the due date is from.
func (r *reader) dueDate() *moment {
	due, start := r.at("DUE", "due_at"), r.at("DTSTART", "due_at")
	from := due
	if from == nil {
		from = start
	}
	if _, repeats := r.get("RRULE"); repeats && start != nil && due != nil && r.namesDays() && !sameDate(*start, *due) {
		// What the rule names are the days of DTSTART.
		from = start
	}
	r.t.TimeZone = r.accountName
	if from == nil {
		r.ownZone()
		return nil
	}
	at := r.due(*from)
	if length, ok := r.get("DURATION"); ok && due == nil {
		d, ok := parseDuration(length.value)
		if !ok {
			r.fail("due_at", fmt.Errorf("DURATION is %q, not one such as PT1H", length.value))
		}
		at = from.at.Add(d)
	}
	r.t.DueAt = &at
	if from.zone != "" {
		r.t.TimeZone = from.zone
	} else {
		r.ownZone()
	}
	return from
}

// ownZone takes the time zone that Writer noted.
func (r *reader) ownZone() {
	if name := r.text(propTimeZone); name != "" {
		r.t.TimeZone = name
	}
}

func sameDate(a, b moment) bool { return a.at.Format(formDate) == b.at.Format(formDate) }

// completion reads whether and when the task was done. A cancelled task will not be done: it is closed too.
func (r *reader) completion() {
	status := strings.ToUpper(strings.TrimSpace(r.text("STATUS")))
	at := r.at("COMPLETED", "completed_at")
	percent, _ := r.get("PERCENT-COMPLETE")
	switch {
	case status == "COMPLETED" || status == "CANCELLED":
	case status == "" && (at != nil || strings.TrimSpace(percent.value) == "100"):
	default:
		return
	}
	for _, name := range []string{"LAST-MODIFIED", "DTSTAMP"} {
		if at == nil {
			at = r.at(name, "completed_at")
		}
	}
	if at == nil {
		at = &moment{at: r.now}
	}
	r.t.Completed, r.t.CompletedAt = true, &at.at
	if status == "CANCELLED" {
		r.t.Tags = append(r.t.Tags, "cancelled")
	}
}

// series reads what only this system writes; what others may have made of it is left out.
func (r *reader) series() {
	if id, err := uuid.Parse(r.text(propSeries)); err == nil {
		r.t.SeriesID = &id
	}
	if at, err := time.Parse(time.RFC3339Nano, r.text(propOccurrence)); err == nil {
		r.t.Occurrence = &at
	}
	if at, err := time.Parse(time.RFC3339Nano, r.text(propSnoozedUntil)); err == nil && !r.t.Completed {
		r.t.SnoozedUntil = &at
	}
}

func (r *reader) uid() string {
	uid := strings.TrimSpace(r.text("UID"))
	if uid == "" {
		h := sha256.New()
		for _, p := range r.properties {
			fmt.Fprintf(h, "%q %q\n", p.name, p.value)
		}
		uid = fmt.Sprintf("without uid %x", h.Sum(nil))
	}
	if exception, ok := r.get("RECURRENCE-ID"); ok {
		uid += " " + exception.value
	}
	return uid
}

// decode reads JSON that Writer wrote, and returns false if it is not there or no longer that.
func (r *reader) decode(name string, v any) bool {
	p, ok := r.get(name)
	if !ok {
		return false
	}
	d := json.NewDecoder(bytes.NewReader([]byte(unescape(p.value))))
	d.DisallowUnknownFields()
	return d.Decode(v) == nil
}
