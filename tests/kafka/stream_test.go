package kafka

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/system"
)

const (
	// people is how many change tasks at once: enough for each of four partitions to be that of one of them, but for once in 25,000
	// runs.
	people = 40
	// rest is how long each of them rests between changes.
	rest = 3 * time.Second
	// ahead is how far ahead reminders are set.
	ahead = 2 * time.Second
)

type fields = map[string]any

// stream is people who complete recurring tasks and are reminded of others, until it is stopped.
type stream struct {
	t    *testing.T
	busy []*busy
	end  context.CancelFunc
	done errgroup.Group
}

// busy is one of them.
type busy struct {
	*system.Person
	changes   atomic.Int64
	completed []system.Task
	reminded  []system.Task
}

// newPeople signs up people with a webhook.
func newPeople(t *testing.T, n int) []*busy {
	t.Helper()
	list := make([]*busy, n)
	for i := range list {
		p, err := shared.SignUp(t.Context())
		if err == nil {
			_, err = shared.webhooks.Channel(t.Context(), p)
		}
		if err != nil {
			t.Fatal(err)
		}
		list[i] = &busy{Person: p}
	}
	return list
}

// newStream starts people's changes.
func newStream(t *testing.T) *stream {
	t.Helper()
	s := &stream{t: t, busy: newPeople(t, people)}
	var ctx context.Context
	ctx, s.end = context.WithCancel(t.Context())
	t.Cleanup(s.end)
	for _, b := range s.busy {
		s.done.Go(func() error {
			for ctx.Err() == nil {
				if err := b.change(t.Context()); err != nil && !askedToWait(err) {
					return err
				}
				select {
				case <-time.After(rest):
				case <-ctx.Done():
				}
			}
			return nil
		})
	}
	return s
}

// askedToWait says whether an error is that the service has too much to do, as when all begin at once, and wants to be asked
// later. Whoever rests then has waited long enough.
func askedToWait(err error) bool {
	problem, ok := errors.AsType[*system.Problem](err)
	return ok && problem.Status == http.StatusServiceUnavailable && problem.Header.Get("Retry-After") != ""
}

func (b *busy) change(ctx context.Context) error {
	if err := b.completeRecurring(ctx); err != nil {
		return err
	}
	if err := b.remind(ctx); err != nil {
		return err
	}
	b.changes.Add(1)
	return nil
}

// goOn returns when everybody has made some more changes.
func (s *stream) goOn(more int64) {
	s.t.Helper()
	wanted := make([]int64, len(s.busy))
	for i, b := range s.busy {
		wanted[i] = b.changes.Load() + more
	}
	await(s.t, aftermath, func(context.Context) error {
		for i, b := range s.busy {
			if got := b.changes.Load(); got < wanted[i] {
				return fmt.Errorf("%s made %d changes, waiting for %d", b.Email, got, wanted[i])
			}
		}
		return nil
	})
}

func (b *busy) completeRecurring(ctx context.Context) error {
	var made system.Task
	daily := fields{"title": "daily", "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"}}
	err := b.Do(ctx, "POST", "/tasks", daily, &made)
	if err == nil {
		err = b.Do(ctx, "POST", "/tasks/"+made.ID+"/complete", nil, nil)
	}
	if err == nil {
		b.completed = append(b.completed, made)
	}
	return err
}

func (b *busy) remind(ctx context.Context) error {
	var made system.Task
	err := b.Do(ctx, "POST", "/tasks", fields{"title": "remind", "reminders": []fields{{"at": time.Now().Add(ahead)}}}, &made)
	if err == nil {
		b.reminded = append(b.reminded, made)
	}
	return err
}

// stop ends the changes and checks what came of them, once all of it has been handled.
func (s *stream) stop() {
	s.t.Helper()
	s.end()
	if err := s.done.Wait(); err != nil {
		s.t.Fatal(err)
	}
	checkBooks(s.t, s.busy)
}

// checkBooks waits until every completed task has its successor and every reminder was notified, and checks that there is
// one of each, and that no event has become a dead letter.
func checkBooks(t *testing.T, list []*busy) {
	t.Helper()
	for _, b := range list {
		await(t, aftermath, b.check)
	}
	// What was delivered twice has had its effect too when nothing is left to be handled.
	for group, topic := range topics {
		await(t, aftermath, func(ctx context.Context) error { return shared.cluster.caughtUp(ctx, group, topic) })
	}
	completed, reminded := 0, 0
	for _, b := range list {
		if err := b.check(t.Context()); err != nil {
			t.Error(err)
		}
		completed, reminded = completed+len(b.completed), reminded+len(b.reminded)
	}
	t.Logf("%d completed tasks have one successor each, %d reminders one notification each", completed, reminded)
	letters, err := shared.cluster.ends(t.Context(), system.TopicDeadLetters)
	if err != nil {
		t.Fatal(err)
	}
	for partition, end := range letters {
		if end != 0 {
			t.Errorf("there are %d dead letters in partition %d", end, partition)
		}
	}
}

func (b *busy) check(ctx context.Context) error {
	tasks, err := everything[system.Task](ctx, b, "/tasks")
	if err != nil {
		return err
	}
	successors := map[string]int{}
	for _, t := range tasks {
		if t.SeriesID != nil && *t.SeriesID != t.ID {
			successors[*t.SeriesID]++
		}
	}
	for _, t := range b.completed {
		if got := successors[t.ID]; got != 1 {
			return fmt.Errorf("%s: task %s has %d successors, want one", b.Email, t.ID, got)
		}
	}
	type delivery struct {
		ID     string `json:"id"`
		TaskID string `json:"task_id"`
		State  string `json:"state"`
	}
	deliveries, err := everything[delivery](ctx, b, "/deliveries")
	if err != nil {
		return err
	}
	byTask := map[string][]delivery{}
	for _, d := range deliveries {
		byTask[d.TaskID] = append(byTask[d.TaskID], d)
	}
	notified := map[string][]system.Notification{}
	for _, n := range shared.webhooks.Inbox.All() {
		notified[n.TaskID] = append(notified[n.TaskID], n)
	}
	for _, t := range b.reminded {
		if got := byTask[t.ID]; len(got) != 1 || got[0].State != "sent" {
			return fmt.Errorf("%s: the reminder of %s has the deliveries %v, want one that is sent", b.Email, t.ID, got)
		}
		if len(notified[t.ID]) == 0 {
			return fmt.Errorf("%s: the reminder of %s was not notified", b.Email, t.ID)
		}
		for _, n := range notified[t.ID] {
			if n.Err != nil || n.ID != byTask[t.ID][0].ID {
				return fmt.Errorf("%s: the reminder of %s was notified as %s, want %s: %w", b.Email, t.ID, n.ID, byTask[t.ID][0].ID, n.Err)
			}
		}
	}
	return nil
}

// everything reads all pages of a person's list.
func everything[T any](ctx context.Context, b *busy, path string) (all []T, err error) {
	for cursor := ""; ; {
		var page struct {
			Items      []T    `json:"items"`
			NextCursor string `json:"next_cursor"`
		}
		if err := b.Do(ctx, "GET", path+"?limit=200&cursor="+cursor, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all, nil
		}
	}
}
