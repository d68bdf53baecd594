package client

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// MeWithCounts is Me with the numbers of open tasks. An api of the version before does not count, and
// the numbers are 0.
func (c *Client) MeWithCounts(ctx context.Context) (u apiv1.Me, err error) {
	err = c.Call(ctx, "GET", "/me?include=open_tasks", nil, &u)
	u.OpenTasks = cmp.Or(u.OpenTasks, &apiv1.OpenTasks{})
	return u, err
}

// Me returns the logged-in user. It returns code unauthorized when nobody is logged in.
func (c *Client) Me(ctx context.Context) (u apiv1.Me, err error) {
	err = c.Call(ctx, "GET", "/me", nil, &u)
	return u, err
}

// maxPage is the largest number of tasks on a page of GET /tasks.
const maxPage = 200

// Tasks returns the first tasks of the user that match a filter of GET /tasks, at most most, and the
// cursor of the following ones. The cursor is "" if there are none. Descriptions are excerpts.
func (c *Client) Tasks(ctx context.Context, most int, filter url.Values) (found []task.Task, next string, err error) {
	query := url.Values{"fields": {"excerpt"}}
	for name, values := range filter {
		query[name] = values
	}
	for {
		query.Set("limit", strconv.Itoa(min(maxPage, most-len(found))))
		var page apiv1.Page[task.Task]
		err := c.Call(ctx, "GET", "/tasks?"+query.Encode(), nil, &page)
		if Refuses(err, "fields") {
			// An api of the version before does not know the parameter.
			query.Del("fields")
			continue
		}
		if err != nil {
			return nil, "", err
		}
		found = append(found, page.Items...)
		if page.NextCursor == "" || len(found) >= most {
			return found, page.NextCursor, nil
		}
		query.Set("cursor", page.NextCursor)
	}
}

// Refuses reports whether an error is about a field of the request.
func Refuses(err error, field string) bool {
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
