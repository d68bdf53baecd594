//go:build kafka

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
	// userCount is the number of concurrent users. With this many, each of four partitions gets at
	// least one user, except in one of 25,000 runs.
	userCount = 40
	// pause is the pause of each user between changes.
	pause = 3 * time.Second
	// ahead is how far ahead reminders are set.
	ahead = 2 * time.Second
)

type fields = map[string]any

// stream runs users who complete recurring tasks and set reminders until it is stopped.
type stream struct {
	t     *testing.T
	users []*user
	end   context.CancelFunc
	done  errgroup.Group
}

// user is one of the users.
type user struct {
	*system.Person
	changes   atomic.Int64
	completed []system.Task
	reminded  []system.Task
}

// newUsers signs up n users with a webhook.
func newUsers(t *testing.T, n int) []*user {
	t.Helper()
	list := make([]*user, n)
	for i := range list {
		p, err := shared.SignUp(t.Context())
		if err == nil {
			_, err = shared.webhooks.Channel(t.Context(), p)
		}
		if err != nil {
			t.Fatal(err)
		}
		list[i] = &user{Person: p}
	}
	return list
}

// newStream starts the changes of the users.
func newStream(t *testing.T) *stream {
	t.Helper()
	s := &stream{t: t, users: newUsers(t, userCount)}
	var ctx context.Context
	ctx, s.end = context.WithCancel(t.Context())
	t.Cleanup(s.end)
	for _, u := range s.users {
		s.done.Go(func() error {
			for ctx.Err() == nil {
				if err := u.change(t.Context()); err != nil && !askedToWait(err) {
					return err
				}
				select {
				case <-time.After(pause):
				case <-ctx.Done():
				}
			}
			return nil
		})
	}
	return s
}

// askedToWait reports whether an error means that the service is overloaded and asks to retry
// later. That happens when all users start at once. The pause of the user is long enough.
func askedToWait(err error) bool {
	problem, ok := errors.AsType[*system.Problem](err)
	return ok && problem.Status == http.StatusServiceUnavailable && problem.Header.Get("Retry-After") != ""
}

func (u *user) change(ctx context.Context) error {
	if err := u.completeRecurring(ctx); err != nil {
		return err
	}
	if err := u.remind(ctx); err != nil {
		return err
	}
	u.changes.Add(1)
	return nil
}

// waitForChanges returns when every user has made n more changes.
func (s *stream) waitForChanges(n int64) {
	s.t.Helper()
	wanted := make([]int64, len(s.users))
	for i, u := range s.users {
		wanted[i] = u.changes.Load() + n
	}
	await(s.t, backlogTimeout, func(context.Context) error {
		for i, u := range s.users {
			if got := u.changes.Load(); got < wanted[i] {
				return fmt.Errorf("%s made %d changes, waiting for %d", u.Email, got, wanted[i])
			}
		}
		return nil
	})
}

func (u *user) completeRecurring(ctx context.Context) error {
	var made system.Task
	daily := fields{"title": "daily", "due_at": "2030-01-01T09:00:00Z", "recurrence": fields{"rrule": "daily"}}
	err := u.Do(ctx, "POST", "/tasks", daily, &made)
	if err == nil {
		err = u.Do(ctx, "POST", "/tasks/"+made.ID+"/complete", nil, nil)
	}
	if err == nil {
		u.completed = append(u.completed, made)
	}
	return err
}

func (u *user) remind(ctx context.Context) error {
	var made system.Task
	err := u.Do(ctx, "POST", "/tasks", fields{"title": "remind", "reminders": []fields{{"at": time.Now().Add(ahead)}}}, &made)
	if err == nil {
		u.reminded = append(u.reminded, made)
	}
	return err
}

// stop stops the changes and checks their effects after all events were handled.
func (s *stream) stop() {
	s.t.Helper()
	s.end()
	if err := s.done.Wait(); err != nil {
		s.t.Fatal(err)
	}
	checkEffects(s.t, s.users)
}

// checkEffects waits until every completed task has its successor and every reminder was notified.
// It checks that there is exactly one of each and that no event became a dead letter.
func checkEffects(t *testing.T, list []*user) {
	t.Helper()
	for _, u := range list {
		await(t, backlogTimeout, u.check)
	}
	// Redelivered events have had their effect too when nothing is left to handle.
	for group, topic := range topics {
		await(t, backlogTimeout, func(ctx context.Context) error { return shared.cluster.caughtUp(ctx, group, topic) })
	}
	completed, reminded := 0, 0
	for _, u := range list {
		if err := u.check(t.Context()); err != nil {
			t.Error(err)
		}
		completed, reminded = completed+len(u.completed), reminded+len(u.reminded)
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

func (u *user) check(ctx context.Context) error {
	tasks, err := allPages[system.Task](ctx, u, "/tasks")
	if err != nil {
		return err
	}
	successors := map[string]int{}
	for _, t := range tasks {
		if t.SeriesID != nil && *t.SeriesID != t.ID {
			successors[*t.SeriesID]++
		}
	}
	for _, t := range u.completed {
		if got := successors[t.ID]; got != 1 {
			return fmt.Errorf("%s: task %s has %d successors, want one", u.Email, t.ID, got)
		}
	}
	type delivery struct {
		ID     string `json:"id"`
		TaskID string `json:"task_id"`
		State  string `json:"state"`
	}
	deliveries, err := allPages[delivery](ctx, u, "/deliveries")
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
	for _, t := range u.reminded {
		if got := byTask[t.ID]; len(got) != 1 || got[0].State != "sent" {
			return fmt.Errorf("%s: the reminder of %s has the deliveries %v, want one that is sent", u.Email, t.ID, got)
		}
		if len(notified[t.ID]) == 0 {
			return fmt.Errorf("%s: the reminder of %s was not notified", u.Email, t.ID)
		}
		for _, n := range notified[t.ID] {
			if n.Err != nil || n.ID != byTask[t.ID][0].ID {
				return fmt.Errorf("%s: the reminder of %s was notified as %s, want %s: %w", u.Email, t.ID, n.ID, byTask[t.ID][0].ID, n.Err)
			}
		}
	}
	return nil
}

// allPages reads all pages of a user's list.
func allPages[T any](ctx context.Context, u *user, path string) (all []T, err error) {
	for cursor := ""; ; {
		var page struct {
			Items      []T    `json:"items"`
			NextCursor string `json:"next_cursor"`
		}
		if err := u.Do(ctx, "GET", path+"?limit=200&cursor="+cursor, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all, nil
		}
	}
}
