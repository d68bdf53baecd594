package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/services/web/proxy"
)

// transport answers the requests of a client in place of the API.
type transport func(r *http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// session is the session of the user.
const session = "a-session-that-nobody-may-see"

// clientOf returns the client of a user's request, and the header of the response to the user.
func clientOf(ctx context.Context, api transport) (*Client, http.Header) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "https://tasks.example/tasks", nil)
	r.RemoteAddr = "203.0.113.9:1234"
	r.Header.Set("User-Agent", "Firefox")
	r.AddCookie(&http.Cookie{Name: account.SessionCookieName(true), Value: session})
	r.AddCookie(&http.Cookie{Name: account.DeviceCookieName(false), Value: "known"})
	w := httptest.NewRecorder()
	return New(api, nil).For(w, r), w.Header()
}

// answers returns a transport that gives the same answer to each request.
func answers(status int, body string, header ...string) transport {
	return func(*http.Request) (*http.Response, error) {
		got := http.Header{}
		for i := 0; i < len(header); i += 2 {
			got.Add(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: got, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func fails(err error) transport {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// TestCallActsForTheUser shows the request that the API gets, and the cookie that the user gets.
func TestCallActsForTheUser(t *testing.T) {
	t.Parallel()
	var got []string
	c, header := clientOf(t.Context(), func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		got = []string{r.Method, r.URL.Path, r.Host, string(body)}
		for _, name := range []string{"Cookie", "X-Forwarded-For", "User-Agent", "Content-Type", "Idempotency-Key", "If-Match"} {
			got = append(got, name+": "+strings.Join(r.Header.Values(name), ", "))
		}
		if err != nil {
			return nil, err
		}
		return answers(http.StatusCreated, `{"title": "Buy milk"}`, "Set-Cookie", "taskmaster_session=renewed")(r)
	})
	var made task.Task
	err := c.Call(t.Context(), "POST", "/tasks", map[string]string{"title": "Buy milk"}, &made, "Idempotency-Key", "k", "If-Match", "")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"POST", "/api/v1/tasks", "tasks.example", `{"title":"Buy milk"}`,
		"Cookie: " + account.SessionCookieName(true) + "=" + session + "; taskmaster_device=known", "X-Forwarded-For: 203.0.113.9", "User-Agent: Firefox",
		"Content-Type: application/json", "Idempotency-Key: k", "If-Match: ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the request differs:\n%s", diff)
	}
	if made.Title != "Buy milk" {
		t.Errorf("got the task %q, want Buy milk", made.Title)
	}
	if got := header.Get("Set-Cookie"); got != "taskmaster_session=renewed" {
		t.Errorf("the user gets the cookie %q, want the renewed one", got)
	}
}

// TestRefusalOfTheAPI maps problems to errors.
func TestRefusalOfTheAPI(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		api  transport
		want *task.Error
	}{
		"bad fields": {
			answers(422, `{"code": "invalid", "detail": "some fields are not valid", "errors": [{"field": "title", "message": "is empty"}]}`),
			&task.Error{Code: task.CodeInvalid, Message: "some fields are not valid", Fields: []task.FieldError{{Field: "title", Message: "is empty"}}},
		},
		"a lost update": {answers(412, `{"code": "precondition_failed", "detail": "it changed"}`), &task.Error{Code: task.CodePrecondition, Message: "it changed"}},
		"a limit": {
			answers(429, `{"code": "rate_limited", "detail": "too many requests"}`, "Retry-After", "3"),
			&task.Error{Code: task.CodeRateLimited, Message: "too many requests", RetryAfter: 3 * time.Second},
		},
		"a lost answer of the database": {answers(504, `{"code": "outcome_unknown", "detail": "it may be saved"}`), &task.Error{Code: task.CodeOutcomeUnknown, Message: "it may be saved"}},
		"no replica": {
			fails(fmt.Errorf("dial: %w", proxy.ErrNoUpstream)),
			&task.Error{Code: task.CodeUnavailable, Message: "the server is not reachable right now, try again shortly", RetryAfter: proxy.RetryAfter},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := clientOf(t.Context(), tt.api)
			_, imported := c.ImportFile(t.Context(), "tasks.csv", []byte("title"), false, "")
			for call, err := range map[string]error{"a change": c.Call(t.Context(), "POST", "/tasks", nil, nil), "an import": imported} {
				got, _ := errors.AsType[*task.Error](err)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s: the error differs:\n%s", call, diff)
				}
			}
		})
	}
}

// broken is a body that ends before its length.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (broken) Close() error             { return nil }

// TestOutcomeIsUnknown loses the answer to a request. Only a change can have an unknown outcome.
func TestOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	for name, api := range map[string]transport{
		"the connection breaks": fails(io.EOF),
		"the answer breaks off": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: broken{}}, nil
		},
	} {
		c, _ := clientOf(t.Context(), api)
		for method, want := range map[string]task.Code{"GET": task.CodeInternal, "POST": task.CodeOutcomeUnknown, "PATCH": task.CodeOutcomeUnknown, "DELETE": task.CodeOutcomeUnknown} {
			if got := task.ErrorCode(c.Call(t.Context(), method, "/tasks", nil, nil)); got != want {
				t.Errorf("%s during %s: got code %s, want %s", name, method, got, want)
			}
		}
		if _, err := c.ImportFile(t.Context(), "tasks.csv", nil, false, ""); task.ErrorCode(err) != task.CodeOutcomeUnknown {
			t.Errorf("%s during an import: got %v, want code %s", name, err, task.CodeOutcomeUnknown)
		}
	}
	// The user is gone, so nobody reads the answer.
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c, _ := clientOf(t.Context(), fails(context.Canceled))
	if got := task.ErrorCode(c.Call(gone, "POST", "/tasks", nil, nil)); got != task.CodeInternal {
		t.Errorf("the user is gone: got code %s, want %s", got, task.CodeInternal)
	}
}

// TestAPIThatHangs calls an API that never answers. A call ends after callTimeout, and an import
// after importTimeout.
func TestAPIThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := clientOf(t.Context(), func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		for name, tt := range map[string]struct {
			call func() error
			code task.Code
			want time.Duration
		}{
			"a read":    {func() error { return c.Call(t.Context(), "GET", "/me", nil, nil) }, task.CodeInternal, callTimeout},
			"a change":  {func() error { return c.Call(t.Context(), "POST", "/tasks", nil, nil) }, task.CodeOutcomeUnknown, callTimeout},
			"an import": {func() error { _, err := c.ImportFile(t.Context(), "x.csv", nil, false, ""); return err }, task.CodeOutcomeUnknown, importTimeout},
		} {
			began := time.Now()
			if got := task.ErrorCode(tt.call()); got != tt.code {
				t.Errorf("%s: got code %s, want %s", name, got, tt.code)
			}
			if took := time.Since(began); took != tt.want {
				t.Errorf("%s took %v, want %v", name, took, tt.want)
			}
		}
	})
}

// TestErrorsHoldNoSecret logs every kind of error. None holds the session, a password or a token.
func TestErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	const password, token = "a-password-that-nobody-may-see", "tm_a-token-that-nobody-may-see"
	for name, api := range map[string]transport{
		"no replica":           fails(proxy.ErrNoUpstream),
		"a broken connection":  fails(io.EOF),
		"an answer of a proxy": answers(502, "<html>"+token),
		"an answer cut off":    answers(201, `{"token": "`+token),
		"an unknown problem":   answers(400, `{"token": "`+token+`"}`),
		"a refusal":            answers(401, `{"code": "unauthorized", "detail": "log in"}`),
	} {
		c, _ := clientOf(t.Context(), api)
		var made apiv1.TokenWithSecret
		err := c.Call(t.Context(), "POST", "/tokens", map[string]string{"password": password}, &made)
		if err == nil {
			t.Errorf("%s: got no error", name)
			continue
		}
		for _, secret := range []string{session, password, token} {
			if strings.Contains(fmt.Sprintf("%+v", err), secret) {
				t.Errorf("%s: the error holds a secret: %v", name, err)
			}
		}
	}
}

// TestTasks reads pages until the end, or until it has enough tasks.
func TestTasks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		most, want int
		next       string
		cursors    []string
	}{
		"all":    {10, 5, "", []string{"", "2", "4"}},
		"enough": {3, 4, "4", []string{"", "2"}},
	} {
		var cursors []string
		c, _ := clientOf(t.Context(), func(r *http.Request) (*http.Response, error) {
			cursor := r.URL.Query().Get("cursor")
			cursors = append(cursors, cursor)
			page := map[string]string{
				"":  `{"items": [{"title": "a"}, {"title": "b"}], "next_cursor": "2"}`,
				"2": `{"items": [{"title": "c"}, {"title": "d"}], "next_cursor": "4"}`,
				"4": `{"items": [{"title": "e"}], "next_cursor": ""}`,
			}[cursor]
			return answers(http.StatusOK, page)(r)
		})
		tasks, next, err := c.Tasks(t.Context(), tt.most, url.Values{"status": {"open"}})
		if err != nil {
			t.Fatal(err)
		}
		if len(tasks) != tt.want || next != tt.next {
			t.Errorf("%s: got %d tasks, then %q; want %d, %q", name, len(tasks), next, tt.want, tt.next)
		}
		if !slices.Equal(cursors, tt.cursors) {
			t.Errorf("%s: read the pages %q, want %q", name, cursors, tt.cursors)
		}
	}
}

// TestTasksOfAnOlderAPI lists the tasks of an api that does not know excerpts.
func TestTasksOfAnOlderAPI(t *testing.T) {
	t.Parallel()
	c, _ := clientOf(t.Context(), func(r *http.Request) (*http.Response, error) {
		if r.URL.Query().Has("fields") {
			return answers(http.StatusUnprocessableEntity, `{"code": "invalid", "errors": [{"field": "fields", "message": "is not a known parameter"}]}`)(r)
		}
		return answers(http.StatusOK, `{"items": [{"title": "a"}], "next_cursor": ""}`)(r)
	})
	tasks, next, err := c.Tasks(t.Context(), 10, nil)
	if err != nil || len(tasks) != 1 || next != "" {
		t.Errorf("got %d tasks, then %q, %v; want one", len(tasks), next, err)
	}
}

// TestTooLarge sends a change that is too large for the API. Its status reaches the person.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	c, _ := clientOf(t.Context(), answers(http.StatusRequestEntityTooLarge, `{"code": "too_large", "detail": "the body is larger than 65536 bytes"}`))
	err := c.Call(t.Context(), "PATCH", "/tasks/1", nil, nil)
	if refused, ok := errors.AsType[*server.StatusError](err); !ok || refused.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %v, want status 413", err)
	}
}

// TestPushKeyWithoutPush reads the key of a server without push. That is no error.
func TestPushKeyWithoutPush(t *testing.T) {
	t.Parallel()
	c, _ := clientOf(t.Context(), answers(404, `{"code": "not_found", "detail": "push is off"}`))
	if key, err := c.PushKey(t.Context()); key != "" || err != nil {
		t.Errorf("got %q, %v; want no key and no error", key, err)
	}
}

// TestFileType shows that the content of a file outweighs its name.
func TestFileType(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, content, want string }{
		{"tasks.csv", "TYPE,CONTENT", "text/csv"},
		{"tasks", "", "text/csv"},
		{"tasks.csv", "\xef\xbb\xbf BEGIN:VCALENDAR", "text/calendar"},
		{"tasks.ics", "", "text/calendar"},
		{"tasks.csv", ` {"version": 1}`, "application/json"},
		{"tasks.csv", "PK\x03\x04", "application/zip"},
	} {
		if got := fileType(tt.name, []byte(tt.content)); got != tt.want {
			t.Errorf("%s with %q: got %s, want %s", tt.name, tt.content, got, tt.want)
		}
	}
}
