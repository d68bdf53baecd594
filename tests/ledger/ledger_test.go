package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/tests/system"
)

// story holds the answers to one person's changes, and their results.
type story struct {
	answered []change
	events   []system.Event
	hooks    []system.Notification
	messages []system.Message
}

const user = "user"

// rightStory returns a story without discrepancy.
func rightStory() story {
	var s story
	for i, c := range []change{
		{"task.created", "plain", 1}, {"task.updated", "plain", 2}, {"task.created", "series", 3}, {"task.completed", "series", 4},
		{"task.created", "next", 5}, {"task.deleted", "plain", 6}, {"task.created", "reminded", 7},
	} {
		e := event(c.kind, c.task, c.revision)
		switch c.task {
		case "next": // created by recurring, so no answer
		case "plain":
			if c.kind == "task.deleted" {
				c.revision = 0
			}
			fallthrough
		default:
			s.answered = append(s.answered, c)
		}
		if c.task == "next" {
			series := "series"
			e.Data.TaskData.SeriesID = &series
		}
		update := e
		update.ID, update.Type, update.Topic = "u-"+e.ID, "task.changed", system.TopicUpdates
		s.events = append(s.events, e, update)
		s.messages = append(s.messages, system.Message{Revision: int64(i + 1), Type: "task.changed"})
	}
	s.events = append(s.events, system.Event{
		ID: "fired", Topic: system.TopicReminders, Type: "reminder.due", Data: system.Data{UserID: user, TaskID: "reminded"},
	})
	s.hooks = []system.Notification{{ID: "hook", UserID: user, TaskID: "reminded"}}
	return s
}

func event(kind, task string, revision int64) system.Event {
	return system.Event{
		ID: fmt.Sprintf("t-%d", revision), Type: kind, Topic: system.TopicTasks, Time: time.Now(), Arrived: time.Now(),
		Data: system.Data{UserID: user, TaskID: task, Revision: revision},
	}
}

// tell records the story and returns the discrepancies.
func (s story) tell(t *testing.T, ordered bool) ([]Discrepancy, Tally) {
	t.Helper()
	p := &system.Person{ID: user, Email: "user@example.com"}
	l := New(ordered)
	l.Open(p)
	for _, e := range s.events {
		l.Event(e)
	}
	for _, n := range s.hooks {
		l.Notified(n)
	}
	watcher := l.Watch(p)
	for _, m := range s.messages {
		watcher.take(m)
	}
	w := NewWorker(p, 1, 0)
	w.changes = s.answered
	w.series = []system.Task{{ID: "series"}}
	w.reminded["reminded"] = reminder{maybe: true} // so that the check asks no API about it

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	c := &check{Ledger: l, worker: w, book: l.book(user)}
	c.followed(ended)
	c.complete(ended, 7)
	c.changes(7)
	c.reminders(ended)
	if err := watcher.await(ended, 7); err != nil {
		c.find(7, "%v", err)
	}
	return append(c.found, l.Wrong()...), l.Tally()
}

func TestRightBooks(t *testing.T) {
	t.Parallel()
	s := rightStory()
	s.events = append(s.events, s.events[2]) // deliveries are repeated
	s.hooks = append(s.hooks, s.hooks[0])
	wrong, tally := s.tell(t, true)
	if len(wrong) != 0 {
		t.Errorf("got %v", wrong)
	}
	want := Tally{Events: 15, Repeats: 1, Reminders: 1, Webhooks: 1, WebhooksHad: 1, Messages: 7, CatchUp: tally.CatchUp}
	if diff := cmp.Diff(want, tally); diff != "" {
		t.Errorf("the tally differs (-want +got):\n%s", diff)
	}
}

func TestWrongBooks(t *testing.T) {
	t.Parallel()
	isEvent := func(topic string, revision int64) func(system.Event) bool {
		return func(e system.Event) bool { return e.Topic == topic && e.Data.Revision == revision }
	}
	tests := []struct {
		name   string
		tamper func(*story)
		want   string
	}{
		{"an event lost", func(s *story) { s.events = slices.DeleteFunc(s.events, isEvent(system.TopicTasks, 2)) },
			"revision 2: never came on task-events; it is the task.updated of plain; of 7 revisions these did not: [2]"},
		{"an update lost", func(s *story) { s.events = slices.DeleteFunc(s.events, isEvent(system.TopicUpdates, 5)) },
			"revision 5: never came on task-updates; of 7 revisions these did not: [5]"},
		{"two events of a revision", func(s *story) {
			twice := event("task.updated", "plain", 2)
			twice.ID = "another"
			s.events = append(s.events, twice)
		}, "revision 2: has 2 events on task-events"},
		{"a revision too many", func(s *story) { s.events = append(s.events, event("task.updated", "plain", 8)) },
			"revision 8: came on task-events, while the last is 7"},
		{"an answer without revision", func(s *story) { s.answered[1].task = "other" }, "revision 2: was answered as task.updated of other"},
		{"two answers with one revision", func(s *story) { s.answered[1].revision = 1 }, "revision 1: was answered as"},
		{"a change that was not requested", func(s *story) { s.answered = s.answered[1:] }, "revision 1: is task.created of plain (event t-1), which was not requested"},
		{"a deletion without event", func(s *story) { s.answered = append(s.answered, change{"task.deleted", "series", 0}) },
			"the answered deletion of series has no event"},
		{"no successor", func(s *story) { s.events[8].Data.TaskData.SeriesID = nil }, "series of a series was completed and no event tells"},
		{"two successors", func(s *story) {
			s.answered = s.answered[1:]
			s.events[0] = s.events[8]
			s.events[0].ID, s.events[0].Data.Revision = "t-1", 1
		}, "revision 5: is task.created of next, which follows series (event t-5), which was not requested, or was requested once and happened twice"},
		{"out of order", func(s *story) { s.events[0], s.events[2] = s.events[2], s.events[0] },
			"revision 1: task.created on task-events came after revision 2"},
		{"a dead letter", func(s *story) {
			s.events = append(s.events, system.Event{Topic: system.TopicDeadLetters, Raw: []byte("letter")})
		},
			"a dead letter: letter"},
		{"a reminder that fired twice", func(s *story) {
			again := s.events[len(s.events)-1]
			again.ID = "again"
			s.events = append(s.events, again)
		}, "the reminder of reminded fired under 2 ids"},
		{"two notifications", func(s *story) {
			s.hooks = append(s.hooks, system.Notification{ID: "other", UserID: user, TaskID: "reminded"})
		},
			"the reminder of reminded notified under 2 ids"},
		{"a notification of another task", func(s *story) { s.hooks = append(s.hooks, system.Notification{ID: "x", UserID: user, TaskID: "plain"}) },
			"a reminder of plain notified, which was not requested"},
		{"a bad signature", func(s *story) { s.hooks[0].Err = errors.New("bad signature") }, "bad signature"},
		{"a message lost", func(s *story) { s.messages = slices.Delete(s.messages, 2, 3) }, "revision 4: a WebSocket got it when 3 was next"},
		{"a message twice", func(s *story) { s.messages = slices.Insert(s.messages, 2, s.messages[1]) }, "revision 2: a WebSocket got it when 3 was next"},
		{"the last message lost", func(s *story) { s.messages = s.messages[:6] }, "received revisions up to 6 of 7"},
		{"a resync", func(s *story) { s.messages[3].Type = "resync" }, "revision 4: a WebSocket was told to resync"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := rightStory()
			tt.tamper(&s)
			wrong, _ := s.tell(t, true)
			for _, d := range wrong {
				if strings.Contains(d.String(), tt.want) {
					return
				}
			}
			t.Errorf("got %v, want %q", wrong, tt.want)
		})
	}
}

// A broker without a guarantee of order may deliver in any order.
func TestOrderThatNobodyPromised(t *testing.T) {
	t.Parallel()
	s := rightStory()
	s.events[0], s.events[2] = s.events[2], s.events[0]
	wrong, tally := s.tell(t, false)
	if len(wrong) != 0 || tally.OutOfOrder != 1 {
		t.Errorf("got %v, %+v", wrong, tally)
	}
}
