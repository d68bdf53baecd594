package main

import (
	"strings"
	"time"
	"unicode"

	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

// The maximum lengths of a task's texts in a message, in characters. An encrypted push message must
// fit in 4 KiB.
const (
	maxNoteTitle       = 200
	maxNoteDescription = 500
)

// note is the text of a notification.
type note struct {
	// Subject is the subject of an e-mail.
	Subject string
	// Title is the task's title in one line.
	Title string
	// Body is the due date in words.
	Body string
	// Description is the beginning of the task's description.
	Description string
	// Link is the URL of the task. It is relative if the public URL is unknown.
	Link string
	// LinkText is the text of the link.
	LinkText string
}

func newNote(a postgres.Attempt, publicURL string) note {
	if a.Ended != nil {
		return endedNote(a.Ended.Data.Channel, publicURL)
	}
	t := a.Event.Data.TaskData
	n := note{
		Title:       shorten(oneLine(t.Title), maxNoteTitle),
		Body:        "Reminder",
		Description: shorten(strings.TrimSpace(t.Description), maxNoteDescription),
		Link:        strings.TrimSuffix(publicURL, "/") + "/task/" + t.ID.String(),
		LinkText:    "Open the task",
	}
	n.Subject = "Reminder: " + n.Title
	switch {
	case t.DueOn != nil:
		n.Body = "Due " + dayWords(*t.DueOn, task.DateOf(inZone(a.Event.Data.Timestamp, t.TimeZone)))
	case t.DueAt != nil:
		n.Body = "Due " + inZone(*t.DueAt, t.TimeZone).Format("Mon 2 Jan 2006 15:04 MST")
	}
	if a.Delivery.Test {
		n.Body = "This is a test."
		n.Link = strings.TrimSuffix(publicURL, "/") + "/"
	}
	return n
}

// endedNote returns the note about another channel of the person that has ended.
func endedNote(c postgres.EndedChannel, publicURL string) note {
	about := map[string]string{
		postgres.ChannelWebPush: "a browser of yours", postgres.ChannelEmail: "your mailbox", postgres.ChannelWebhook: "a webhook of yours",
	}[c.Kind]
	n := note{
		Title:    "Reminders no longer reach " + about,
		Body:     shorten(oneLine(c.Where+": "+c.Reason), maxNoteTitle) + ".",
		Link:     strings.TrimSuffix(publicURL, "/") + "/settings/notifications",
		LinkText: "Look at the settings",
	}
	n.Subject = n.Title
	return n
}

// dayWords describes a whole day seen from another one: "today, Thu 31 Dec 2026". A delivery can come
// days later, so the date is always there.
func dayWords(day, today task.Date) string {
	date := day.Midnight().Format("Mon 2 Jan 2006")
	switch day {
	case today:
		return "today, " + date
	case today.AddDays(1):
		return "tomorrow, " + date
	}
	return date
}

// inZone returns an instant in a task's time zone, or in UTC if this machine does not know the
// zone.
func inZone(at time.Time, zone string) time.Time {
	loc, err := task.LoadZone(zone)
	if err != nil {
		loc = time.UTC
	}
	return at.In(loc)
}

// oneLine replaces control characters and line breaks by spaces, because a title becomes a header.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s))
}

func shorten(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}
