package main

import (
	"context"
	"net/url"

	"taskmaster/internal/task"
)

// user is who is logged in.
type user struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	TimeZone string `json:"time_zone"`
	// WeekStart is "monday" or "sunday"; "" is Monday.
	WeekStart string `json:"week_start"`
	Revision  int64  `json:"revision"`
	// Ended are the channels that the system disabled, until the user dismisses them.
	Ended []endedChannel `json:"ended_channels"`
	// Epoch names the history which revisions are of.
	Epoch string `json:"epoch"`
}

// me returns who is logged in. Code unauthorized when nobody is.
func (s *session) me(ctx context.Context) (u user, err error) {
	err = s.call(ctx, "GET", "/me", nil, &u)
	return u, err
}

// maxTasks is how many tasks a view reads at most: whoever has more sees the first of them, by due date.
const maxTasks = 2000

// tasks returns the user's tasks that a filter of GET /tasks lets through, by due date, and whether there are more.
func (s *session) tasks(ctx context.Context, filter url.Values) ([]task.Task, bool, error) {
	return s.tasksUpTo(ctx, maxTasks, filter)
}

// tasksUpTo is tasks with another number of them.
func (s *session) tasksUpTo(ctx context.Context, most int, filter url.Values) ([]task.Task, bool, error) {
	query := url.Values{"limit": {"200"}}
	for name, values := range filter {
		query[name] = values
	}
	all := []task.Task{}
	for {
		var page struct {
			Items      []task.Task `json:"items"`
			NextCursor string      `json:"next_cursor"`
		}
		if err := s.call(ctx, "GET", "/tasks?"+query.Encode(), nil, &page); err != nil {
			return nil, false, err
		}
		all = append(all, page.Items...)
		if page.NextCursor == "" || len(all) >= most {
			return all, page.NextCursor != "", nil
		}
		query.Set("cursor", page.NextCursor)
	}
}

// task returns one task. Code not_found when the user has none such.
func (s *session) task(ctx context.Context, id string) (t task.Task, err error) {
	err = s.call(ctx, "GET", "/tasks"+taskPath(id), nil, &t)
	return t, err
}

// post sends a change to /tasks + path, once however often the form with this key is sent, and returns the task as it is then.
func (s *session) post(ctx context.Context, path, key string, in any) (t task.Task, err error) {
	err = s.call(ctx, "POST", "/tasks"+path, in, &t, "Idempotency-Key", key)
	return t, err
}

// etag is a task's entity tag (RFC 9110 section 8.8.3).
func (v *visit) etag(t task.Task) string { return etag(t.Version(v.user.Epoch)) }

// taskPath is where a task is found beneath /tasks.
func taskPath(id string) string { return "/" + url.PathEscape(id) }

// etag is the entity tag of a task's version, as a form holds it; "" when it holds none.
func etag(version string) string {
	if version == "" {
		return ""
	}
	return `"` + version + `"`
}
