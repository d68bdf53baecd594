package ledger

import (
	"fmt"

	"taskmaster/tests/system"
)

// changes checks that every revision is exactly one requested change, and that every answered
// change is a revision.
func (c *check) changes(last int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	want := c.wanted()
	tasks, updates := c.book.topics[system.TopicTasks], c.book.topics[system.TopicUpdates]
	for name, t := range c.book.topics {
		for revision, list := range t.revisions {
			if revision > last || revision < 1 {
				c.find(revision, "came on %s, while the last is %d: %+v", name, last, list)
			}
			if len(list) > 1 {
				c.find(revision, "has %d events on %s: %+v", len(list), name, list)
			}
		}
	}
	for revision := int64(1); revision <= last; revision++ {
		if len(tasks.revisions[revision]) == 0 {
			delete(want.at, revision) // reported already
			continue
		}
		e := tasks.revisions[revision][0]
		if !want.take(revision, e) {
			c.find(revision, "is %s, which was not requested, or was requested once and happened twice", e)
		}
		if list := updates.revisions[revision]; len(list) > 0 && (list[0].kind != "task.changed" || list[0].task != e.task) {
			c.find(revision, "is %s on %s and %s on %s", e, system.TopicTasks, list[0], system.TopicUpdates)
		}
	}
	for revision, change := range want.at {
		c.find(revision, "was answered as %s of %s, and is %+v", change.kind, change.task, tasks.revisions[revision])
	}
	for deleted := range want.deleted {
		c.find(0, "the answered deletion of %s has no event", deleted)
	}
}

// wanted holds the changes that have to be revisions. A change that is found is removed.
type wanted struct {
	at       map[int64]change // answered with their revision
	deleted  map[string]bool  // answered without their revision
	followed map[string]bool  // completed tasks of a series
}

func (c *check) wanted() wanted {
	want := wanted{at: map[int64]change{}, deleted: map[string]bool{}, followed: map[string]bool{}}
	for _, change := range c.worker.changes {
		if change.revision == 0 {
			want.deleted[change.task] = true
			continue
		}
		if other, taken := want.at[change.revision]; taken {
			c.find(change.revision, "was answered as %s of %s and as %s of %s", other.kind, other.task, change.kind, change.task)
		}
		want.at[change.revision] = change
	}
	for _, t := range c.worker.series {
		want.followed[t.ID] = true
	}
	return want
}

func (w wanted) take(revision int64, e entry) bool {
	answered, ok := w.at[revision]
	switch {
	case ok && answered.kind == e.kind && answered.task == e.task:
		delete(w.at, revision)
	case !ok && e.kind == "task.deleted" && w.deleted[e.task]:
		delete(w.deleted, e.task)
	case !ok && e.kind == "task.created" && w.followed[e.series]:
		delete(w.followed, e.series)
	default:
		return false
	}
	return true
}

// String returns the known fields of an event.
func (e entry) String() string {
	if e.series != "" {
		return fmt.Sprintf("%s of %s, which follows %s (event %s)", e.kind, e.task, e.series, e.id)
	}
	return fmt.Sprintf("%s of %s (event %s)", e.kind, e.task, e.id)
}
