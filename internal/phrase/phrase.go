// Package phrase reads a task from one line as a person writes it: "pay rent every 1st at 9am !high #home". It does no I/O
// and never reads the clock.
//
//	line ── words ──┬─ #tag, !priority            marks.go
//	                ├─ remind me an hour before   remind.go
//	                ├─ every 1st, until june      repeat.go, repeat_named.go, limits.go
//	                ├─ on friday, at 9am          due.go, date.go, clock.go
//	                └─ all else is the title
//	what was said ── resolve.go ── due_at, recurrence, reminders
//
// Each kind of thing is taken once. What is left of it, and whatever is not understood, stays in the title word for word. So
// does what stands in double quotes. A number, a month or a weekday in the middle of a title is a word
// of it unless something makes it a date: "read 1984", "prepare monday meeting" and "may the force" stay, "on monday",
// "monday 9am" and "call mum monday" are dates. README.md has the rules, and what is left alone.
//
// The calendar is Go's and internal/task's, which decides month ends and changes of the clocks. A library that reads dates
// from prose, such as when, finds one instant and decides by itself which words are a date and what a skipped hour is;
// recurrences, several parts in one line and what is left of the title are most of the work, and would be ours anyway.
package phrase

import (
	"time"

	"taskmaster/internal/task"
)

// Kind says what a part of a line was understood as.
type Kind string

// The kinds. What is none of them is the title.
const (
	KindDue        Kind = "due"
	KindRecurrence Kind = "recurrence"
	KindReminder   Kind = "reminder"
	KindPriority   Kind = "priority"
	KindTag        Kind = "tag"
)

// Span is a part of a line that was understood, in bytes from Start to before End.
type Span struct {
	Kind       Kind
	Start, End int
}

// DateOrder is what 3/4 means where it can be a date.
type DateOrder int

// The orders. By default such numbers are left alone.
const (
	NoDates DateOrder = iota
	DayMonth
	MonthDay
)

// Options are what a line does not say.
type Options struct {
	DateOrder DateOrder
}

// Draft is a task as the REST API takes it: what was not said is left out. Reminders are nil when none were spoken of,
// and empty when there are to be none.
type Draft struct {
	Title      string           `json:"title"`
	DueAt      *time.Time       `json:"due_at,omitzero"`
	TimeZone   string           `json:"time_zone"`
	Recurrence *task.Recurrence `json:"recurrence,omitzero"`
	Priority   task.Priority    `json:"priority,omitzero"`
	Tags       []string         `json:"tags,omitzero"`
	Reminders  []task.Reminder  `json:"reminders,omitzero"`
}

// Task returns the task that the API makes of the draft, without an id.
func (d Draft) Task() task.Task {
	t := task.Task{
		Title: d.Title, DueAt: d.DueAt, TimeZone: d.TimeZone, Priority: d.Priority, Tags: d.Tags, Reminders: d.Reminders,
	}
	if d.Recurrence != nil {
		r := *d.Recurrence
		t.Recurrence = &r
	}
	t.Normalize()
	return t
}

// Parse reads a line that was written at now, where clocks show zone, which is one that task.LoadZone returned. The spans
// are in the order of the line and do not overlap. A line that is fit to be a title gives a valid task: what would not be
// valid, or would leave no title, is not taken.
func Parse(line string, now time.Time, zone *time.Location, o Options) (Draft, []Span) {
	for _, read := range []func(*parser){(*parser).readAll, (*parser).readMarks, func(*parser) {}} {
		p := newParser(line, now, zone, o)
		read(p)
		d := p.draft()
		if t := d.Task(); t.Validate() == nil {
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
	p.resolve()
	p.dropRequest()
}
