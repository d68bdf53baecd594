// Package phrase parses a task from one line of plain English: "pay rent every 1st at 9am !high
// #home". It does no I/O and never reads the clock.
//
//	line ── words ──┬─ #tag, !priority            marks.go
//	split.go        ├─ remind me an hour before   remind.go
//	                ├─ every 1st, until june      repeat.go, repeat_named.go, repeat_limits.go, limits.go
//	                ├─ on friday, at 9am          due.go, date*.go, range.go, clock*.go
//	                ├─ unread dates and times     doubt.go
//	                └─ the rest is the title
//	dates and times ── resolve.go ── due_at or due_on, recurrence, reminders
//
// The parser takes one date, one time and one recurrence. All other words stay in the title
// unchanged, and so does text in double quotes. A number, month or weekday in the middle of a title
// is an ordinary word. Its surroundings can make it a date. "read 1984", "prepare monday meeting"
// and "may the force" stay as they are. "on monday", "monday 9am" and "call mum monday" contain
// dates. README.md lists the rules and the exceptions.
//
// Go's time package and internal/task decide about the ends of months and changes of the clocks. A
// library such as when finds only a single instant, and makes these decisions itself. It would
// leave most of the work: recurrences, several parts in one line, and the title.
package phrase

import (
	"time"

	"taskmaster/internal/task"
)

// Kind is the kind of an understood part of a line.
type Kind string

// The kinds. All other words belong to the title.
const (
	KindDue        Kind = "due"
	KindRecurrence Kind = "recurrence"
	KindReminder   Kind = "reminder"
	KindPriority   Kind = "priority"
	KindTag        Kind = "tag"
)

// Span is an understood part of a line, in bytes from Start to before End.
type Span struct {
	Kind       Kind
	Start, End int
}

// DateOrder decides the meaning of 3/4.
type DateOrder int

// The orders. By default, 3/4 is not a date.
const (
	NoDates DateOrder = iota
	DayMonth
	MonthDay
)

// Options hold context that the line itself does not contain.
type Options struct {
	DateOrder DateOrder
	// Language is the language of the words: en, de, fr or es. By default it is English.
	Language string
	// Day is the day of a task whose line names none. Only its date counts. The zero value leaves such
	// a task without a due date, unless the line names a time.
	Day time.Time
	// WeekStart is the first day of the week. By default it is Monday.
	WeekStart *time.Weekday
	// TodoistSigns reads p1 to p4 as priorities and @home as a tag, as Todoist does.
	TodoistSigns bool
}

// Draft is a task in the format of the REST API. Fields that the line does not mention are omitted.
// Reminders is nil when the line mentions none, and empty when it says "no reminder".
type Draft struct {
	Title string     `json:"title"`
	DueAt *time.Time `json:"due_at,omitzero"`
	// DueOn is the day of a task whose line names a day and no time.
	DueOn      *task.Date       `json:"due_on,omitzero"`
	TimeZone   string           `json:"time_zone"`
	Recurrence *task.Recurrence `json:"recurrence,omitzero"`
	Priority   task.Priority    `json:"priority,omitzero"`
	Tags       []string         `json:"tags,omitzero"`
	Reminders  []task.Reminder  `json:"reminders,omitzero"`
	// TooOften reports whether the line names a recurrence more often than daily, which is not
	// supported.
	TooOften bool `json:"-"`
}

// Task returns the task that the API creates from the draft, without an id.
func (d Draft) Task() task.Task {
	t := task.Task{
		Title: d.Title, DueAt: d.DueAt, DueOn: d.DueOn, TimeZone: d.TimeZone, Priority: d.Priority, Tags: d.Tags, Reminders: d.Reminders,
	}
	if d.Recurrence != nil {
		r := *d.Recurrence
		t.Recurrence = &r
	}
	t.Normalize()
	return t
}

// Parse parses a line that was written at now, in a zone from task.LoadZone. The spans are in the
// order of the line and do not overlap. A line that is a valid title always yields a valid task.
// Parse takes nothing from the line that would make the task invalid or its title empty.
func Parse(line string, now time.Time, zone *time.Location, o Options) (Draft, []Span) {
	for _, read := range []func(*parser){(*parser).readAll, (*parser).readMarks, func(*parser) {}} {
		p := newParser(line, now, zone, o)
		read(p)
		d := p.draft()
		if t := d.Task(); !p.conflict && t.Validate() == nil {
			d.TooOften = p.tooOften()
			return d, p.spans()
		}
	}
	return Draft{Title: line, TimeZone: zone.String()}, nil
}

func (p *parser) readAll() {
	p.readMarks()
	p.readReminders()
	p.readRepeat()
	p.readDue()
	p.readLimits()
	p.conflict = p.conflict || p.doubtful()
	p.useDefaultDay()
	p.resolve()
	p.dropRequest()
}
