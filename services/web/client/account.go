package client

import (
	"context"
	"net/url"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/task"
)

// All returns the items of the list at path. The settings read all items of a kind in one page.
func All[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var l apiv1.Page[T]
	err := c.Call(ctx, "GET", path, nil, &l)
	return l.Items, err
}

// ItemPath returns the path of an item with an id below path.
func ItemPath(path, id string) string { return path + "/" + url.PathEscape(id) }

// PushKey returns the server's public key for push subscriptions, or "" when push is not configured.
func (c *Client) PushKey(ctx context.Context) (string, error) {
	var out apiv1.PushKey
	err := c.Call(ctx, "GET", "/push-key", nil, &out)
	if task.ErrorCode(err) == task.CodeNotFound {
		return "", nil
	}
	return out.PublicKey, err
}
