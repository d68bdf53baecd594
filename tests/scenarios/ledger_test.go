package scenarios

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// ledger checks what came out of a stream of changes.
type ledger struct {
	t *testing.T
	// ctx ends when everything that was put off should have been caught up with.
	ctx      context.Context
	observer *system.Observer
	webhooks *system.Webhooks
}

// check checks one worker's books, whose changes end with a revision.
func (l ledger) check(w *worker, last int64) {
	l.t.Helper()
	events, err := l.await(w.person.ID, last)
	if err != nil {
		l.t.Errorf("%s: %v", w.person.Email, err)
		return
	}
	l.checkEvents(w, events, last)
	l.checkSuccessors(w)
	l.checkReminders(w)
}

// published are a user's events by topic and revision; an event that came twice is there twice.
type published map[string]map[int64][]system.Event

// await waits until every revision up to the last has an event on both topics.
func (l ledger) await(userID string, last int64) (events published, err error) {
	err = system.Poll(l.ctx, func() error {
		events = published{system.TopicTasks: {}, system.TopicUpdates: {}}
		for _, e := range l.observer.Inbox.All() {
			if e.Data.UserID == userID && events[e.Topic] != nil {
				events[e.Topic][e.Data.Revision] = append(events[e.Topic][e.Data.Revision], e)
			}
		}
		for topic, revisions := range events {
			for revision := range last {
				if len(revisions[revision+1]) == 0 {
					return fmt.Errorf("revision %d of %d never came on %s", revision+1, last, topic)
				}
			}
		}
		return nil
	})
	return events, err
}

// checkEvents: no revision has two changes, none is beyond the last, and every answered change has its event.
func (l ledger) checkEvents(w *worker, events published, last int64) {
	l.t.Helper()
	byTask := map[string]map[string]bool{} // task id, event type
	for topic, revisions := range events {
		for revision, list := range revisions {
			if revision > last {
				l.t.Errorf("%s: %s has revision %d, the user's last is %d", w.person.Email, topic, revision, last)
			}
			for _, e := range list {
				if e.ID != list[0].ID {
					l.t.Errorf("%s: revision %d has two events on %s: %s of %s and %s of %s", w.person.Email, revision, topic,
						e.Type, e.Data.TaskID, list[0].Type, list[0].Data.TaskID)
				}
				if byTask[e.Data.TaskID] == nil {
					byTask[e.Data.TaskID] = map[string]bool{}
				}
				byTask[e.Data.TaskID][e.Type] = true
			}
		}
	}
	for _, c := range w.changes {
		if !byTask[c.taskID][c.eventType] || !byTask[c.taskID]["task.changed"] {
			l.t.Errorf("%s: the answered %s of %s has only the events %v", w.person.Email, c.eventType, c.taskID, byTask[c.taskID])
		}
		at := events[system.TopicTasks][c.revision]
		if c.revision > 0 && (len(at) == 0 || at[0].Type != c.eventType || at[0].Data.TaskID != c.taskID) {
			l.t.Errorf("%s: revision %d was answered as %s of %s and published as %+v", w.person.Email, c.revision, c.eventType, c.taskID, at)
		}
	}
}

// checkSuccessors: every completed task of a series has exactly one that follows it.
func (l ledger) checkSuccessors(w *worker) {
	l.t.Helper()
	tasks, err := allTasks(l.t.Context(), w.person)
	if err != nil {
		l.t.Fatal(err)
	}
	followers := successors(tasks)
	for _, first := range w.series {
		got := followers[first.ID]
		if len(got) != 1 || got[0].Completed || !got[0].DueAt.Equal(first.DueAt.Add(24*time.Hour)) {
			l.t.Errorf("%s: %q is followed by %+v", w.person.Email, first.Title, got)
		}
	}
}

// checkReminders: every reminder was notified at least once, never under two ids, and its one delivery says sent.
func (l ledger) checkReminders(w *worker) {
	l.t.Helper()
	for id, at := range w.reminded {
		n, err := l.webhooks.Inbox.Wait(l.ctx, system.About(id))
		if err != nil {
			l.t.Errorf("%s: the reminder of %s at %s: %v\n%s", w.person.Email, id, at, err, l.trace(w.person, id))
			continue
		}
		if n.Err != nil {
			l.t.Errorf("%s: the reminder of %s: %v", w.person.Email, id, n.Err)
		}
		allSent(l.t, user{w.person, l.t}, id, 1)
		if got := ids(l.webhooks.Inbox.Select(system.About(id))); len(got) != 1 {
			l.t.Errorf("%s: the reminder of %s was notified as %v", w.person.Email, id, got)
		}
	}
}

// trace tells how far a task's reminder got.
func (l ledger) trace(p *system.Person, taskID string) string {
	events := l.observer.Inbox.Select(func(e system.Event) bool { return e.Topic == system.TopicReminders && e.Data.TaskID == taskID })
	task, err := p.Send(l.t.Context(), "GET", "/tasks/"+taskID, nil)
	deliveries, err2 := p.Send(l.t.Context(), "GET", "/deliveries?task_id="+taskID, nil)
	return fmt.Sprintf("published: %+v\ntask: %s %v\ndeliveries: %s %v", events, task.Body, err, deliveries.Body, err2)
}

// watcher is a page that is open all the time: when its socket ends it opens another, after the last revision that it was
// told.
type watcher struct {
	person  *system.Person
	inbox   system.Inbox[system.Message]
	sockets atomic.Int64
}

func (w *watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		var since int64
		if all := w.inbox.All(); len(all) > 0 {
			since = all[len(all)-1].Revision
		}
		s, err := w.person.WatchInto(ctx, w.person.Base, since, &w.inbox)
		if err != nil {
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		w.sockets.Add(1)
		<-s.Done()
		s.Close()
	}
}

// check waits for the last revision and checks that every one came, once and in order.
func (w *watcher) check(ctx context.Context, t *testing.T, last int64) {
	t.Helper()
	if _, err := w.inbox.Wait(ctx, func(m system.Message) bool { return m.Revision >= last }); err != nil {
		t.Errorf("%s, watching: revision %d: %v", w.person.Email, last, err)
		return
	}
	var got []int64
	for _, m := range w.inbox.All() {
		if m.Type == "resync" {
			t.Errorf("%s, watching: told to resync at %d", w.person.Email, m.Revision)
		}
		got = append(got, m.Revision)
	}
	for i, revision := range got {
		if revision != int64(i+1) {
			t.Errorf("%s, watching: message %d has revision %d: %s", w.person.Email, i+1, revision, fmt.Sprint(got[max(0, i-2):min(len(got), i+3)]))
			return
		}
	}
	if !slices.Contains(got, last) {
		t.Errorf("%s, watching: never told of revision %d", w.person.Email, last)
	}
}
