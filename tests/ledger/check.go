package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"taskmaster/tests/system"
)

// askFor is how long the API may take to answer a request of the check.
const askFor = 30 * time.Second

// Check waits until all results of a worker's changes have arrived, and returns the discrepancies.
// The results have to arrive before ctx is cancelled. The watcher may be nil.
func (l *Ledger) Check(ctx context.Context, w *Worker, watcher *Watcher) []Discrepancy {
	c := &check{Ledger: l, worker: w, book: l.book(w.Person.ID)}
	c.followed(ctx)
	last, err := c.lastRevision(ctx)
	if err != nil {
		c.find(0, "ask for the last revision: %v", err)
		return c.found
	}
	c.complete(ctx, last)
	c.changes(last)
	if err := c.successors(ctx); err != nil {
		c.find(0, "ask for the successors: %v", err)
	}
	c.reminders(ctx)
	if watcher != nil {
		if err := watcher.await(ctx, last); err != nil {
			c.find(last, "%v", err)
		}
	}
	return c.found
}

// Wrong returns the discrepancies that were found on arrival.
func (l *Ledger) Wrong() []Discrepancy {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.wrong)
}

func (l *Ledger) book(userID string) *book {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.books[userID]
}

// check checks the books of one worker.
type check struct {
	*Ledger
	worker *Worker
	book   *book
	found  []Discrepancy
}

func (c *check) find(revision int64, format string, args ...any) {
	c.found = append(c.found, Discrepancy{c.worker.Person.Email, revision, fmt.Sprintf(format, args...)})
}

// await calls look, which may read the book, until it returns nil. When ctx is cancelled, await
// returns look's last error.
func (c *check) await(ctx context.Context, look func() error) error {
	var last error
	_ = system.Poll(ctx, func() error { // last holds the error; this one only adds that the time is over
		c.mu.Lock()
		defer c.mu.Unlock()
		last = look()
		return last
	})
	return last
}

// followed waits until every completed task of a series has a successor. Nothing changes after
// that.
func (c *check) followed(ctx context.Context) {
	err := c.await(ctx, func() error {
		followed := map[string]bool{}
		for _, list := range c.book.topics[system.TopicTasks].revisions {
			for _, e := range list {
				followed[e.series] = true
			}
		}
		for _, t := range c.worker.series {
			if !followed[t.ID] {
				return fmt.Errorf("%s of a series was completed and no event tells of its successor", t.ID)
			}
		}
		return nil
	})
	if err != nil {
		c.find(0, "%v", err)
	}
}

func (c *check) lastRevision(ctx context.Context) (int64, error) {
	var list struct {
		Revision int64 `json:"revision"`
	}
	err := c.get(ctx, "/changes?limit=1", &list)
	return list.Revision, err
}

// complete waits until each revision has its event on both topics.
func (c *check) complete(ctx context.Context, last int64) {
	for name, t := range c.book.topics {
		var missing []int64
		err := c.await(ctx, func() error {
			if missing = t.missing(last); len(missing) > 0 {
				return errors.New("missing")
			}
			return nil
		})
		if err != nil {
			c.find(missing[0], "never came on %s%s; of %d revisions these did not: %v", name, c.asked(missing[0]), last, missing)
		}
	}
}

// asked describes the change that was answered with a revision.
func (c *check) asked(revision int64) string {
	for _, change := range c.worker.changes {
		if change.revision == revision {
			return fmt.Sprintf("; it is the %s of %s", change.kind, change.task)
		}
	}
	return ""
}

// get asks the API, again when something is still down. It may take its time although that of the events is over.
func (c *check) get(ctx context.Context, path string, out any) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askFor)
	defer cancel()
	return system.Poll(ctx, func() error { return c.worker.Person.Do(ctx, "GET", path, nil, out) })
}
