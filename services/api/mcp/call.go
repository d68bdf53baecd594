package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// client acts for the caller of one MCP request.
type client struct {
	Config
	account Account
	now     time.Time
}

func (cfg Config) client(ctx context.Context) (*client, error) {
	account, err := cfg.Account(ctx)
	return &client{cfg, account, cfg.Now()}, err
}

// get reads path, below /api/v1, into out.
func (c *client) get(ctx context.Context, path string, query url.Values, out any) error {
	return c.do(ctx, http.MethodGet, path+"?"+query.Encode(), nil, out, nil)
}

// do sends a request to the API in this process. A nil body is empty. It returns the error of a
// problem as a task.Error.
func (c *client) do(ctx context.Context, method, path string, body, out any, header map[string]string) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode a request to %s: %w", path, err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "/api/v1"+path, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("make a request to %s: %w", path, err)
	}
	r.RequestURI = r.URL.RequestURI()
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	c.API.ServeHTTP(w, r)
	if w.status >= http.StatusBadRequest {
		var p server.Problem
		if err := json.Unmarshal(w.body.Bytes(), &p); err != nil {
			return fmt.Errorf("%s %s answered %d: %w", method, path, w.status, err)
		}
		return &task.Error{Code: p.Code, Message: p.Detail, Fields: p.Errors}
	}
	if out == nil {
		return nil
	}
	if w.status == http.StatusNoContent {
		return task.Errorf(task.CodeForbidden, "the change was made, but its result is not shown: the API token lacks the scope tasks:read")
	}
	if err := json.Unmarshal(w.body.Bytes(), out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return nil
}

// recorder keeps a response of the API.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

func taskPath(id string) string { return "/tasks/" + url.PathEscape(id) }

// errInternal is the answer when the fault is ours.
var errInternal = errors.New("something went wrong on our side, try again shortly")
