// Package ical reads and writes tasks as the VTODO components of iCalendar (RFC 5545). Calendars
// and other task managers exchange this format. The package does no I/O except on the given writer
// and bytes, and never reads the clock.
//
//	task              VTODO
//	uid, or id        UID
//	title             SUMMARY
//	description       DESCRIPTION (read too: URL, LOCATION)
//	completed(_at)    STATUS, COMPLETED
//	priority          PRIORITY: 1 high, 5 medium, 9 low (read: 1-4, 5, 6-9)
//	tags              CATEGORIES
//	due_at, time_zone DUE with TZID (read too: DTSTART, DURATION)
//	due_on            DUE;VALUE=DATE
//	recurrence        RRULE from DUE on, if open; EXDATE (read too: RECURRENCE-ID)
//	reminders         VALARM
//	created_at        CREATED
//
// Whole seconds are kept. Data without a property of its own is in X-TASKMASTER- properties, which
// other programs keep or ignore. If another program changed the standard property of the same data,
// the standard property counts.
package ical

// The properties for data that iCalendar cannot express.
const (
	// propTimeZone is the time zone if DUE does not contain it.
	propTimeZone = "X-TASKMASTER-TIME-ZONE"
	// propDescription is the description in JSON if DESCRIPTION cannot hold it: it has control characters
	// or other line ends than LF.
	propDescription = "X-TASKMASTER-DESCRIPTION"
	// propRecurrence is the recurrence in JSON.
	propRecurrence = "X-TASKMASTER-RECURRENCE"
	// propReminders is the list of reminders in JSON. It is present if an alarm cannot express one:
	// a reminder before a missing due date.
	propReminders = "X-TASKMASTER-REMINDERS"
	// propReminder is a reminder in JSON, in the alarm that cannot express it.
	propReminder = "X-TASKMASTER-REMINDER"
	// propID is the task's id if it is not the UID.
	propID           = "X-TASKMASTER-ID"
	propSeries       = "X-TASKMASTER-SERIES"
	propOccurrence   = "X-TASKMASTER-OCCURRENCE"
	propSnoozedUntil = "X-TASKMASTER-SNOOZED-UNTIL"
)

// MediaType is the media type of iCalendar (RFC 5545 section 8.1).
const MediaType = "text/calendar"

// The formats of a date, a local time and an instant.
const (
	formDate  = "20060102"
	formLocal = "20060102T150405"
	formUTC   = "20060102T150405Z"
)
