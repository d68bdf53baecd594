package ledger

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"taskmaster/tests/system"
)

// successors checks that every completed task of a series has exactly one successor, due a day
// later.
func (c *check) successors(ctx context.Context) error {
	followers := map[string][]system.Task{}
	for cursor := ""; ; {
		var list system.List
		if err := c.get(ctx, "/tasks?limit=200&status=open&cursor="+url.QueryEscape(cursor), &list); err != nil {
			return err
		}
		for _, t := range list.Items {
			if t.SeriesID != nil && *t.SeriesID != t.ID {
				followers[*t.SeriesID] = append(followers[*t.SeriesID], t)
			}
		}
		if cursor = list.NextCursor; cursor == "" {
			break
		}
	}
	for _, first := range c.worker.series {
		got := followers[first.ID]
		if len(got) != 1 || !got[0].DueAt.Equal(first.DueAt.Add(24*time.Hour)) {
			c.find(0, "%q (%s) is followed by %d: %+v", first.Title, first.ID, len(got), got)
		}
		delete(followers, first.ID)
	}
	for series, got := range followers {
		c.find(0, "%s, which was not completed, is followed by %+v", series, got)
	}
	return nil
}

// reminders checks that every reminder was notified under one id and has one delivery with status
// sent. There must be no other reminders.
func (c *check) reminders(ctx context.Context) {
	for task, r := range c.worker.reminded {
		if r.maybe {
			continue
		}
		err := c.await(ctx, func() error {
			if len(c.book.notified[task]) == 0 {
				return fmt.Errorf("the reminder of %s at %s was not notified", task, r.at.Format(time.RFC3339Nano))
			}
			return nil
		})
		if err == nil {
			err = c.sent(ctx, task)
		}
		if err != nil {
			c.find(0, "%v\n%s", err, c.trace(ctx, task))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for what, byTask := range map[string]ids{"fired": c.book.fired, "notified": c.book.notified} {
		for task, list := range byTask {
			if _, asked := c.worker.reminded[task]; !asked {
				c.find(0, "a reminder of %s %s, which was not requested: %v", task, what, list)
			}
			if len(list) != 1 {
				c.find(0, "the reminder of %s %s under %d ids: %v", task, what, len(list), list)
			}
		}
	}
}

type deliveries struct {
	Items []struct {
		ID    string `json:"id"`
		State string `json:"state"`
	} `json:"items"`
}

// sent waits until a task's only delivery has the status sent.
func (c *check) sent(ctx context.Context, task string) error {
	var last error
	_ = system.Poll(ctx, func() error { // last holds the error; this one only adds that the time is over
		var list deliveries
		last = c.get(ctx, "/deliveries?task_id="+task, &list)
		if last == nil && (len(list.Items) != 1 || list.Items[0].State != "sent") {
			last = fmt.Errorf("the reminder of %s has deliveries %+v, want one that was sent", task, list.Items)
		}
		return last
	})
	return last
}

// trace describes how far a task's reminder got. ctx may be cancelled already.
func (c *check) trace(ctx context.Context, task string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	now, err := c.worker.Person.Send(ctx, "GET", "/tasks/"+task, nil)
	list, err2 := c.worker.Person.Send(ctx, "GET", "/deliveries?task_id="+task, nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("  fired: %v, notified: %v\n  task: %s %v\n  deliveries: %s %v",
		c.book.fired[task], c.book.notified[task], now.Body, err, list.Body, err2)
}
