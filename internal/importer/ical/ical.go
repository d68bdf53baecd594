// Package ical reads and writes tasks as the VTODO components of iCalendar (RFC 5545), the format that calendars and other
// task managers exchange. It does no I/O beyond the writer and bytes that it is given, and never reads the clock.
//
//	task              VTODO
//	id                UID
//	title             SUMMARY
//	description       DESCRIPTION (read too: URL, LOCATION)
//	completed(_at)    STATUS, COMPLETED
//	priority          PRIORITY: 1 high, 5 medium, 9 low (read: 1-4, 5, 6-9)
//	tags              CATEGORIES
//	due_at, time_zone DUE with TZID (read too: DTSTART, DURATION)
//	recurrence        RRULE from DUE on, if open
//	reminders         VALARM
//	created_at        CREATED
//
// Whole seconds are kept. What has no property of its own is in X-TASKMASTER- properties, which other programs keep or
// ignore; where somebody changed a property that says the same, that wins.
package ical

// The properties that say what iCalendar has no word for.
const (
	// propTimeZone is there when DUE does not tell.
	propTimeZone = "X-TASKMASTER-TIME-ZONE"
	// propRecurrence is the recurrence in JSON.
	propRecurrence = "X-TASKMASTER-RECURRENCE"
	// propReminders is the list in JSON, when an alarm cannot say it: before a due date that is not there.
	propReminders    = "X-TASKMASTER-REMINDERS"
	propSeries       = "X-TASKMASTER-SERIES"
	propOccurrence   = "X-TASKMASTER-OCCURRENCE"
	propSnoozedUntil = "X-TASKMASTER-SNOOZED-UNTIL"
)

// MediaType is iCalendar's (RFC 5545 section 8.1).
const MediaType = "text/calendar"

// The forms of a date, a local time and an instant.
const (
	formDate  = "20060102"
	formLocal = "20060102T150405"
	formUTC   = "20060102T150405Z"
)
