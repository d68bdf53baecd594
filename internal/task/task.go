// Package task is the domain: tasks, their validity, their recurrence and their reminders. It does
// no I/O and never reads the clock. Callers pass the current time.
package task

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// The limits of a task, in characters or items.
const (
	MaxTitle       = 500
	MaxDescription = 16_000
	MaxTags        = 20
	MaxTag         = 50
	MaxReminders   = 10
	MaxExDates     = 200
	MaxUID         = 1000
	// MaxMinutesBefore is four weeks.
	MaxMinutesBefore = 4 * 7 * 24 * 60
	// MaxDaysBefore is a year.
	MaxDaysBefore = 366
)

// DefaultMinutesBefore is the reminder of a timed task whose reminders were omitted.
const DefaultMinutesBefore = 15

// DefaultTime is the time of day of a reminder that counts days before a whole day and names no
// time. On the day itself, it is the reminder of a whole day whose reminders were omitted.
const DefaultTime = "09:00"

// Priority is the importance of a task.
type Priority string

// The priorities, from lowest to highest.
const (
	PriorityNone   Priority = "none"
	PriorityLow    Priority = "low"
	PriorityMedium Priority = "medium"
	PriorityHigh   Priority = "high"
)

// Task is a task of a user. Instants are in UTC. TimeZone (IANA) is the zone of their wall times.
type Task struct {
	ID          uuid.UUID  `json:"id"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Completed   bool       `json:"completed"`
	CompletedAt *time.Time `json:"completed_at"`
	Priority    Priority   `json:"priority"`
	Tags        []string   `json:"tags"`
	DueAt       *time.Time `json:"due_at"`
	// DueOn is the day of a task that is due on a whole day. Such a task has no DueAt, and its
	// TimeZone is the one of the account.
	DueOn      *Date       `json:"due_on"`
	TimeZone   string      `json:"time_zone"`
	Recurrence *Recurrence `json:"recurrence"`
	Reminders  []Reminder  `json:"reminders"`
	// SeriesID is the ID of the first occurrence of a recurring task. All occurrences share it.
	SeriesID *uuid.UUID `json:"series_id"`
	// Occurrence is the instant for which the series scheduled this task (RFC 5545 section 3.8.4.4,
	// RECURRENCE-ID). It does not change when the due date is moved. For a whole day it is the day's
	// midnight in UTC.
	Occurrence *time.Time `json:"occurrence"`
	// SnoozedUntil is the time of the next reminder of a snoozed task.
	SnoozedUntil *time.Time `json:"snoozed_until"`
	// UID is the UID of a task that came from an iCalendar file, if it is not the ID.
	UID string `json:"uid,omitempty"`
	// Revision is the owner's revision of the last change of this task.
	Revision  int64     `json:"revision"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Recurrence describes how a task repeats.
type Recurrence struct {
	// RRule is an RFC 5545 RRULE value, or daily, weekly, monthly or yearly.
	RRule string `json:"rrule"`
	// DTStart is the start of the series: the due date when the recurrence was set, as a wall time in
	// the task's time zone. For a whole day it is the day's midnight in UTC.
	DTStart *time.Time `json:"dtstart,omitempty"`
	// EndAt is the last possible instant of an occurrence. For whole days it is the last possible
	// day's midnight in UTC.
	EndAt *time.Time `json:"end_at,omitempty"`
	// ExDates are occurrences that the series leaves out (RFC 5545 section 3.8.5.1). They count for
	// COUNT. For whole days they are the days' midnights in UTC.
	ExDates []time.Time `json:"exdates,omitempty"`
	// Anchor is the base of the next occurrence: AnchorDue or AnchorCompletion.
	Anchor string `json:"anchor"`
	// Missed is the treatment of occurrences that passed before the completion: MissedSkip or
	// MissedCatchUp.
	Missed string `json:"missed"`
}

// Values of Recurrence.Anchor and Recurrence.Missed. The first of each is the default.
const (
	AnchorDue        = "due"
	AnchorCompletion = "completion"
	MissedSkip       = "skip"
	MissedCatchUp    = "catch_up"
)

// Normalize sets omitted fields to their defaults, and converts instants to UTC in microseconds
// like the database. Omitted (nil) reminders become the default ones. An empty list stays empty.
func (t *Task) Normalize() {
	t.Title = strings.TrimSpace(t.Title)
	if t.Priority == "" {
		t.Priority = PriorityNone
	}
	if t.TimeZone == "" {
		t.TimeZone = "UTC"
	}
	t.Tags = distinctTags(t.Tags)
	if t.Reminders == nil {
		t.Reminders = UsualReminders().Of(t.DueOn != nil)
	}
	for i := range t.Reminders {
		utc(&t.Reminders[i].At)
	}
	utc(&t.DueAt)
	utc(&t.CompletedAt)
	utc(&t.Occurrence)
	utc(&t.SnoozedUntil)
	if r := t.Recurrence; r != nil {
		if r.Anchor == "" {
			r.Anchor = AnchorDue
		}
		if r.Missed == "" {
			r.Missed = MissedSkip
		}
		if r.DTStart == nil {
			r.DTStart = t.DueAt
		}
		utc(&r.DTStart)
		utc(&r.EndAt)
		r.ExDates = instantSet(r.ExDates)
	}
	if t.DueOn != nil && t.DueOn.valid() {
		t.normalizeDays()
	}
}

// distinctTags returns each tag once. It stops after MaxTags+1 tags, which are one too many, so that
// its time is linear.
func distinctTags(given []string) []string {
	tags := []string{}
	for _, tag := range given {
		tag = strings.TrimSpace(strings.TrimPrefix(tag, "#"))
		if slices.Contains(tags, tag) {
			continue
		}
		if tags = append(tags, tag); len(tags) > MaxTags {
			break
		}
	}
	return tags
}

func utc(t **time.Time) {
	if *t != nil {
		u := (*t).UTC().Truncate(time.Microsecond)
		*t = &u
	}
}

// instantSet returns instants in order, in UTC, each once.
func instantSet(instants []time.Time) []time.Time {
	var set []time.Time
	for _, at := range instants {
		set = append(set, at.UTC().Truncate(time.Microsecond))
	}
	slices.SortFunc(set, time.Time.Compare)
	return slices.CompactFunc(set, time.Time.Equal)
}

// Validate returns one error of CodeInvalid with every bad field of a normalized task, or nil.
func (t *Task) Validate() error { return t.ValidateAfter(Task{}) }

// ValidateAfter validates the new state of a task. An unchanged title may be older than the rule of
// one visible line.
func (t *Task) ValidateAfter(before Task) error {
	var bad []FieldError
	check := func(ok bool, field, message string) {
		if !ok {
			bad = append(bad, FieldError{field, message})
		}
	}
	check(t.Title != "", "title", "is required")
	if t.Title != before.Title {
		check(!hasLineBreak(t.Title), "title", "has more than one line: put the other lines into the description")
		check(hasLineBreak(t.Title) || !hasHidden(t.Title), "title", "has a control character, or one that changes the direction of the text: remove it")
		check(t.Title == "" || isVisible(t.Title), "title", "has no visible character")
	}
	check(utf8.RuneCountInString(t.Title) <= MaxTitle, "title", "has more than 500 characters")
	check(utf8.RuneCountInString(t.Description) <= MaxDescription, "description", "has more than 16000 characters")
	check(storable(t.Title), "title", "contains a NUL character or is not UTF-8")
	check(storable(t.Description), "description", "contains a NUL character or is not UTF-8")
	check(utf8.RuneCountInString(t.UID) <= MaxUID && storable(t.UID), "uid", "has more than 1000 characters, a NUL character or is not UTF-8")
	switch t.Priority {
	case PriorityNone, PriorityLow, PriorityMedium, PriorityHigh:
	default:
		check(false, "priority", "is not one of none, low, medium, high")
	}
	check(len(t.Tags) <= MaxTags, "tags", "has more than 20 entries")
	for _, tag := range t.Tags {
		check(tag != "" && utf8.RuneCountInString(tag) <= MaxTag && storable(tag), "tags", "has an entry that is empty or longer than 50 characters")
	}
	_, err := LoadZone(t.TimeZone)
	check(err == nil, "time_zone", "is not an IANA time zone such as Europe/Berlin")
	check(inRange(t.DueAt), "due_at", "is not between the years 1970 and 9999")
	check(t.DueOn == nil || t.DueOn.valid(), "due_on", "is not a date such as 2026-12-31 between the years 1970 and 9999")
	check(t.DueOn == nil || t.DueAt == nil, "due_on", "cannot be set together with due_at: keep the day or the instant")
	check(len(t.Reminders) <= MaxReminders, "reminders", "has more than 10 entries")
	for _, r := range t.Reminders[:min(len(t.Reminders), MaxReminders)] {
		r.validate(check)
	}
	if t.Recurrence != nil {
		check(t.DueAt != nil || t.DueOn != nil, "due_at", "is required by a recurrence")
		dueValid := t.DueAt != nil && inRange(t.DueAt) || t.DueOn != nil && t.DueOn.valid()
		if dueValid && err == nil {
			bad = append(bad, t.Recurrence.validate(t.TimeZone, t.DueOn != nil)...)
		}
	}
	return InvalidFields(bad)
}

// storable reports whether PostgreSQL's text type can hold s.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func inRange(t *time.Time) bool { return t == nil || (t.Year() >= 1970 && t.Year() <= 9999) }

// LoadZone loads an IANA time zone by name. Unlike time.LoadLocation it refuses "" and "Local",
// whose meaning depends on the machine.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, Errorf(CodeInvalid, "%q is not an IANA time zone", name)
	}
	return time.LoadLocation(name)
}
