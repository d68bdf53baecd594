package scenarios

import (
	"strings"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// A task that is due on a whole day reminds at a time of that day in its user's zone, and the next
// occurrence is a whole day too. When the user moves, so does the job of the reminder.
func TestWholeDay(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	channels(t, u)
	zone, err := time.LoadLocation("Pacific/Honolulu") // often another day than in UTC
	if err != nil {
		t.Fatal(err)
	}
	u.do("PATCH", "/me", fields{"time_zone": zone.String()}, nil)
	at := time.Now().Add(soon).Truncate(time.Minute).Add(time.Minute).In(zone)
	day := at.Format(time.DateOnly)
	bins := u.create(fields{
		"title": "Put the bins out", "due_on": day, "recurrence": fields{"rrule": "daily"},
		"reminders": []fields{{"days_before": 0, "time": at.Format("15:04")}},
	})
	later := at.Add(2 * time.Hour)
	moved := u.create(fields{
		"title": "Move house", "due_on": later.Format(time.DateOnly),
		"reminders": []fields{{"days_before": 0, "time": later.Format("15:04")}},
	})

	n := notified(t, &shared.webhooks.Inbox, bins.ID)
	if n.Arrived.Before(at) {
		t.Errorf("the reminder arrived %s early", at.Sub(n.Arrived))
	}
	if n.Task.DueOn == nil || *n.Task.DueOn != day || n.Task.DueAt != nil {
		t.Errorf("the webhook has due_on %v and due_at %v, want %s and none", n.Task.DueOn, n.Task.DueAt, day)
	}
	mail := notified(t, &shared.mail.Inbox, bins.Title+"\n")
	if want := "Due today, " + at.Format("Mon 2 Jan 2006"); !strings.Contains(mail.Text, want) {
		t.Errorf("the e-mail says %s, want %s", mail.Text, want)
	}

	u.complete(bins.ID)
	next := successor(t, u, bins)
	if want := at.AddDate(0, 0, 1).Format(time.DateOnly); next.DueOn == nil || *next.DueOn != want || next.DueAt != nil {
		t.Errorf("the next one has due_on %v and due_at %v, want %s and none", next.DueOn, next.DueAt, want)
	}
	e := event(t, shared.observer, system.TopicTasks, u.ID, next.Revision)
	if e.Type != "task.created" || e.Data.TaskData.DueOn == nil || *e.Data.TaskData.DueOn != *next.DueOn {
		t.Errorf("the next one was announced by %+v", e)
	}

	// In New York that time of day has passed.
	u.do("PATCH", "/me", fields{"time_zone": "America/New_York"}, nil)
	notified(t, &shared.webhooks.Inbox, moved.ID)
}
