// Package client calls the REST API for the pages, on behalf of the user of a request.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/account"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/services/web/proxy"
)

const (
	// root is the path of the API.
	root = "/api/v1"
	// callTimeout bounds one call of the API.
	callTimeout = 10 * time.Second
	// maxAnswer is the largest API response that is read, in bytes. A page of a list fits.
	maxAnswer = 16 << 20
)

// API is the REST API behind its replicas.
type API struct {
	http    http.Client
	trusted []netip.Prefix
}

// New returns the API. The transport knows the addresses of its replicas. server.ClientAddr finds the
// address of a user behind the trusted networks.
func New(transport http.RoundTripper, trusted []netip.Prefix) *API {
	return &API{http: http.Client{Transport: transport}, trusted: trusted}
}

// Client calls the API on behalf of the sender of a request. It passes on their cookies and
// their address.
type Client struct {
	// answer is the response header of the request. It receives the cookies that the API sets.
	answer  http.Header
	http    *http.Client
	cookie  *http.Cookie
	device  *http.Cookie
	host    string
	browser string
	address string
}

// For returns the client of a request. Without a session cookie, it can only log in and sign up.
func (a *API) For(w http.ResponseWriter, r *http.Request) *Client {
	c := &Client{
		answer: w.Header(), http: &a.http, host: r.Host, browser: r.UserAgent(), address: server.ClientAddr(r, a.trusted),
	}
	c.cookie, c.device = account.SessionCookie(r), account.DeviceCookie(r)
	return c
}

// HasSession reports whether the request has a session cookie. The session may have ended.
func (c *Client) HasSession() bool { return c.cookie != nil }

// Call sends a request to a path of the API. It encodes in as JSON and decodes the response into out;
// both may be nil. header holds pairs of name and value. Pairs with an empty value are left out. A
// refusal of the API is a *task.Error with its code, fields and message.
func (c *Client) Call(ctx context.Context, method, path string, in, out any, header ...string) error {
	callCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := c.request(callCtx, method, path, in)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	return c.send(ctx, r, out)
}

// send sends a request of the page with the context ctx, and decodes the response into out, unless
// out is nil.
func (c *Client) send(ctx context.Context, r *http.Request, out any) error {
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, root)
	res, err := c.http.Do(r)
	if errors.Is(err, proxy.ErrNoUpstream) {
		return task.RetryLater(task.CodeUnavailable, proxy.RetryAfter, "the server is not reachable right now, try again shortly")
	}
	if err != nil {
		return unanswered(ctx, r.Method, fmt.Errorf("send %s to api: %w", call, err))
	}
	defer res.Body.Close()
	// The API may renew the session of a page in use at any call.
	for _, cookie := range res.Header.Values("Set-Cookie") {
		c.answer.Add("Set-Cookie", cookie)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return unanswered(ctx, r.Method, fmt.Errorf("read response of api to %s: %w", call, err))
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return refusal(res, body, call)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("decode response of api to %s: %w", call, err)
	}
	return nil
}

// unanswered returns the error of a call that was sent and got no response. The outcome of a change
// is then unknown, unless the client has gone.
func unanswered(ctx context.Context, method string, err error) error {
	if method == http.MethodGet || ctx.Err() != nil {
		return err
	}
	return errors.Join(task.Errorf(task.CodeOutcomeUnknown, "the server did not answer, so whether this was saved is unknown: look before you repeat it"), err)
}

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var content io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode the body of %s %s: %w", method, path, err)
		}
		content = bytes.NewReader(raw)
	}
	// The transport replaces this host by the address of a replica.
	r, err := http.NewRequestWithContext(ctx, method, "http://api"+root+path, content)
	if err != nil {
		return nil, fmt.Errorf("create request %s %s: %w", method, path, err)
	}
	r.Host = c.host
	r.Header.Set("X-Forwarded-For", c.address)
	r.Header.Set("User-Agent", c.browser) // the list of sessions shows it
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, cookie := range []*http.Cookie{c.cookie, c.device} {
		if cookie != nil {
			r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
		}
	}
	return r, nil
}

// refusal parses a problem (RFC 9457).
func refusal(res *http.Response, body []byte, call string) error {
	var p server.Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		return fmt.Errorf("api answered %s with status %d", call, res.StatusCode)
	}
	if res.StatusCode < http.StatusInternalServerError && !server.HasStatus(p.Code) {
		return &server.StatusError{Status: res.StatusCode, Code: p.Code, Detail: p.Detail}
	}
	after, _ := strconv.Atoi(res.Header.Get("Retry-After")) // 0 when the header is missing
	return &task.Error{Code: p.Code, Message: p.Detail, Fields: p.Errors, RetryAfter: time.Duration(after) * time.Second}
}
