package scenarios

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"taskmaster/tests/system"
)

// The next occurrence of a recurring task appears by itself after its completion. The dates are
// computed by hand from a calendar.
func TestNextOccurrenceAppears(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rrule, zone, due, next string
	}{
		"daily":                       {"daily", "UTC", "2030-01-01T09:00:00Z", "2030-01-02T09:00:00Z"},
		"daily, into summer time":     {"daily", "Europe/Berlin", "2030-03-30T09:00:00+01:00", "2030-03-31T09:00:00+02:00"},
		"weekly, on Monday":           {"weekly", "UTC", "2030-01-07T18:00:00Z", "2030-01-14T18:00:00Z"},
		"weekly, by rule":             {"FREQ=WEEKLY;BYDAY=MO", "America/New_York", "2030-01-07T08:00:00-05:00", "2030-01-14T08:00:00-05:00"},
		"monthly, 31 January":         {"monthly", "UTC", "2030-01-31T09:00:00Z", "2030-02-28T09:00:00Z"},
		"monthly, the 31st, by rule":  {"FREQ=MONTHLY;BYMONTHDAY=31", "UTC", "2030-01-31T09:00:00Z", "2030-03-31T09:00:00Z"},
		"yearly, 29 February by rule": {"FREQ=YEARLY", "UTC", "2028-02-29T09:00:00Z", "2032-02-29T09:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t, shared.System)
			first := u.create(fields{
				"title": name, "time_zone": test.zone, "due_at": test.due, "tags": []string{"series"},
				"recurrence": fields{"rrule": test.rrule},
			})
			u.complete(first.ID)
			next := successor(t, u, first)
			if want := instant(t, test.next); !next.DueAt.Equal(want) {
				t.Errorf("next is due at %s, want %s", next.DueAt, want)
			}
			want := next
			want.Title, want.Completed, want.TimeZone, want.Tags = name, false, test.zone, []string{"series"}
			if diff := cmp.Diff(want, next); diff != "" {
				t.Errorf("the next task differs (-want +got):\n%s", diff)
			}
			if next.Occurrence == nil {
				t.Error("the next task has no occurrence")
			}
			e := event(t, shared.observer, system.TopicTasks, u.ID, next.Revision)
			if e.Type != "task.created" || e.Data.TaskID != next.ID {
				t.Errorf("next was announced by %+v", e)
			}
		})
	}
}

// A series that has reached its end has no more occurrences.
func TestSeriesEnds(t *testing.T) {
	t.Parallel()
	for name, recurrence := range map[string]fields{
		"COUNT":  {"rrule": "FREQ=DAILY;COUNT=2"},
		"UNTIL":  {"rrule": "FREQ=DAILY;UNTIL=20300102T235959Z"},
		"end_at": {"rrule": "daily", "end_at": "2030-01-02T12:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t, shared.System)
			first := u.create(fields{"title": name, "due_at": "2030-01-01T09:00:00Z", "recurrence": recurrence})
			u.complete(first.ID)
			second := successor(t, u, first)
			u.complete(second.ID)
			settle(t, u)
			if got := u.series(first); len(got) != 2 {
				t.Errorf("the series has %d occurrences, want 2: %+v", len(got), got)
			}
		})
	}
}

// Completing a task twice, and several times at once, creates one next task.
func TestCompletedTwiceIsFollowedOnce(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	first := u.create(fields{"title": "Water plants", "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"}})
	results := make(chan error)
	const times = 5
	for range times {
		go func() { results <- u.Do(t.Context(), "POST", "/tasks/"+first.ID+"/complete", nil, nil) }()
	}
	for range times {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	successor(t, u, first)
	u.complete(first.ID)
	settle(t, u)
	if got := u.series(first); len(got) != 2 {
		t.Errorf("the series has %d tasks, want 2: %+v", len(got), got)
	}
}

// A completion that was undone is not followed, even if it was undone immediately. A task that was
// completed and then deleted is followed.
func TestUndoneCompletionIsNotFollowed(t *testing.T) {
	t.Parallel()
	u := newUser(t, shared.System)
	daily := func(title string) system.Task {
		return u.create(fields{"title": title, "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"}})
	}
	for range 20 {
		undone := daily("undone")
		u.complete(undone.ID)
		u.do("POST", "/tasks/"+undone.ID+"/reopen", nil, nil)
		u.delete(undone.ID)
	}
	tidied := daily("tidied up")
	u.complete(tidied.ID)
	u.delete(tidied.ID)
	successor(t, u, tidied)
	settle(t, u)
	for _, left := range u.tasks() {
		if left.Title == "undone" {
			t.Errorf("a series that was undone and deleted is back: %+v", left)
		}
	}
	if got := u.series(tidied); len(got) != 1 {
		t.Errorf("%d tasks follow the deleted one, want 1: %+v", len(got), got)
	}
}

// successor waits for the open task that follows a task of a series.
func successor(t *testing.T, u user, of system.Task) system.Task {
	t.Helper()
	var next system.Task
	err := system.Poll(within(t), func() error {
		for _, task := range u.series(of) {
			if !task.Completed && task.ID != of.ID {
				next = task
				return nil
			}
		}
		return fmt.Errorf("nothing follows %q", of.Title)
	})
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// settle returns when all of a user's earlier changes have had their effects. It delivers events
// once more, and the consumer has to answer that it has handled them.
func settle(t *testing.T, u user) {
	t.Helper()
	last := u.create(fields{"title": "marker"}).Revision
	for revision := int64(1); revision < last; revision++ {
		if err := shared.Redeliver(t.Context(), event(t, shared.observer, system.TopicTasks, u.ID, revision)); err != nil {
			t.Fatal(err)
		}
	}
}
