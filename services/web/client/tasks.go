package client

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// Me returns the logged-in user. It returns code unauthorized when nobody is logged in.
func (c *Client) Me(ctx context.Context) (u apiv1.Me, err error) {
	err = c.Call(ctx, "GET", "/me", nil, &u)
	return u, err
}

// maxTasks is the largest number of tasks that a view reads. A user with more sees the first of
// them by due date.
const maxTasks = 2000

// Tasks returns the user's tasks that match a filter of GET /tasks, by due date. Their descriptions
// are excerpts. It also reports whether there are more.
func (c *Client) Tasks(ctx context.Context, filter url.Values) ([]task.Task, bool, error) {
	return c.TasksUpTo(ctx, maxTasks, filter)
}

// TasksUpTo is like tasks and reads until it has most tasks.
func (c *Client) TasksUpTo(ctx context.Context, most int, filter url.Values) ([]task.Task, bool, error) {
	query := url.Values{"limit": {"200"}, "fields": {"excerpt"}}
	for name, values := range filter {
		query[name] = values
	}
	all := []task.Task{}
	for {
		var page apiv1.Page[task.Task]
		err := c.Call(ctx, "GET", "/tasks?"+query.Encode(), nil, &page)
		if refuses(err, "fields") {
			// An api of the version before does not know the parameter.
			query.Del("fields")
			continue
		}
		if err != nil {
			return nil, false, err
		}
		all = append(all, page.Items...)
		if page.NextCursor == "" || len(all) >= most {
			return all, page.NextCursor != "", nil
		}
		query.Set("cursor", page.NextCursor)
	}
}

// refuses reports whether an error is about a field of the request.
func refuses(err error, field string) bool {
	invalid, ok := errors.AsType[*task.Error](err)
	return ok && slices.ContainsFunc(invalid.Fields, func(f task.FieldError) bool { return f.Field == field })
}

// Task returns one task. It returns code not_found when the user has no such task.
func (c *Client) Task(ctx context.Context, id string) (t task.Task, err error) {
	err = c.Call(ctx, "GET", ItemPath("/tasks", id), nil, &t)
	return t, err
}

// Post sends a change to a path and returns the changed task. The API applies it once,
// however often a form with this key is sent.
func (c *Client) Post(ctx context.Context, path, key string, in any) (t task.Task, err error) {
	err = c.Call(ctx, "POST", path, in, &t, "Idempotency-Key", key)
	return t, err
}

// History returns the latest history entries of a task, the newest first.
func (c *Client) History(ctx context.Context, id string, limit int) ([]apiv1.HistoryItem, error) {
	return All[apiv1.HistoryItem](ctx, c, ItemPath("/tasks", id)+"/history?limit="+strconv.Itoa(limit))
}
