package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"taskmaster/internal/account"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

const (
	// callTimeout bounds one call of api.
	callTimeout = 10 * time.Second
	// maxAnswer is the largest answer of api that is read, in bytes: 200 tasks of the largest kind fit.
	maxAnswer = 32 << 20
)

// session calls api on behalf of the sender of a request: with their cookie, and as from their address.
type session struct {
	// answer is the header of the answer to the sender, who gets the cookies that api sets.
	answer  http.Header
	client  *http.Client
	cookie  *http.Cookie
	host    string
	browser string
	address string
}

// newSession returns the session of a request. One without a cookie can log in and sign up.
func (w *web) newSession(rw http.ResponseWriter, r *http.Request) *session {
	s := &session{answer: rw.Header(), client: w.api, host: r.Host, browser: r.UserAgent(), address: server.ClientAddr(r, w.trusted)}
	if cookie, err := r.Cookie(account.CookieName); err == nil {
		s.cookie = cookie
	}
	return s
}

// call sends a request to /api/v1 + path with in as JSON, unless nil, and decodes the answer into out, unless nil. header are
// pairs of name and value; those with an empty value are left out. What api refuses is a *task.Error with its code, fields
// and words.
func (s *session) call(ctx context.Context, method, path string, in, out any, header ...string) error {
	callCtx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := s.request(callCtx, method, path, in)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	res, err := s.client.Do(r)
	if errors.Is(err, errNoUpstream) {
		return task.RetryLater(task.CodeUnavailable, retryAfter, "the server is not reachable right now, try again shortly")
	}
	if err != nil {
		return unanswered(ctx, method, fmt.Errorf("ask api for %s %s: %w", method, path, err))
	}
	defer res.Body.Close()
	// api renews the session of a page in use, at any call.
	for _, cookie := range res.Header.Values("Set-Cookie") {
		s.answer.Add("Set-Cookie", cookie)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return unanswered(ctx, method, fmt.Errorf("read what api answered to %s %s: %w", method, path, err))
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return refusal(res, body, method, path)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			return fmt.Errorf("decode what api answered to %s %s: %w", method, path, err)
		}
	}
	return nil
}

// unanswered is the error of a call that was sent and not answered. Whether api did what a change asked for is then unknown,
// unless nobody waits for the answer any more.
func unanswered(ctx context.Context, method string, err error) error {
	if method == http.MethodGet || ctx.Err() != nil {
		return err
	}
	return errors.Join(errOutcomeUnknown, err)
}

var errOutcomeUnknown = task.Errorf(task.CodeOutcomeUnknown, "the server did not answer, so whether this was saved is unknown: look before you repeat it")

func (s *session) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var content io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode the body of %s %s: %w", method, path, err)
		}
		content = bytes.NewReader(raw)
	}
	// The transport knows where api is; this host is nobody's.
	r, err := http.NewRequestWithContext(ctx, method, "http://api/api/v1"+path, content)
	if err != nil {
		return nil, fmt.Errorf("make %s %s: %w", method, path, err)
	}
	r.Host = s.host
	r.Header.Set("X-Forwarded-For", s.address)
	r.Header.Set("User-Agent", s.browser) // by which people know their sessions
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if s.cookie != nil {
		r.AddCookie(&http.Cookie{Name: s.cookie.Name, Value: s.cookie.Value})
	}
	return r, nil
}

// refusal reads a problem (RFC 9457).
func refusal(res *http.Response, body []byte, method, path string) error {
	var p server.Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Code == "" {
		return fmt.Errorf("api answered %s %s with status %d", method, path, res.StatusCode)
	}
	after, _ := strconv.Atoi(res.Header.Get("Retry-After")) // 0 when it does not say
	return &task.Error{Code: p.Code, Message: p.Detail, Fields: p.Errors, RetryAfter: time.Duration(after) * time.Second}
}
