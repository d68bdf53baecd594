package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/task"
)

func TestErrorsBecomeProblems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		err    error
		status int
		code   task.Code
		detail string
		retry  string
	}{
		{"domain", fmt.Errorf("read task: %w", task.Errorf(task.CodeNotFound, "no such task")), 404, "not_found", "no such task", ""},
		{"fields", task.Invalid("title", "is required"), 422, "invalid", "some fields are not valid", ""},
		{"later", task.RetryLater(task.CodeUnavailable, 1500*time.Millisecond, "full"), 503, "unavailable", "full", "2"},
		{"request", &StatusError{413, "too_large", "too large"}, 413, "too_large", "too large", ""},
		{"timeout", fmt.Errorf("query: %w", context.DeadlineExceeded), 503, "unavailable", "this took too long, try again shortly", "1"},
		{"internal is not shown", errors.New("password is hunter2"), 500, "internal", "something went wrong on our side", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			Handle(slog.New(slog.DiscardHandler), func(http.ResponseWriter, *http.Request) error { return tt.err }).
				ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			want := Problem{Type: "about:blank", Title: http.StatusText(tt.status), Status: tt.status, Detail: tt.detail, Code: tt.code, Errors: p.Errors}
			if diff := cmp.Diff(want, p); diff != "" {
				t.Errorf("the problem differs (-want +got):\n%s", diff)
			}
			if w.Code != tt.status {
				t.Errorf("got status %d, want %d", w.Code, tt.status)
			}
			for name, want := range map[string]string{"Retry-After": tt.retry, "Content-Type": "application/problem+json"} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// errFull is the error of a database without room.
var errFull = task.Errorf(task.CodeDiskFull, "the server's disk is full, nothing was saved")

// A change for which there is no room is refused as 507. A read that fails on a full disk had nothing to save: it may be
// repeated.
func TestFullDiskRefusesChangesAndDelaysReads(t *testing.T) {
	t.Parallel()
	const unreadable = "the server's disk is full, this cannot be read until there is room"
	for method, want := range map[string]Problem{
		"POST":   {Status: 507, Code: "disk_full", Detail: errFull.Error()},
		"DELETE": {Status: 507, Code: "disk_full", Detail: errFull.Error()},
		"GET":    {Status: 503, Code: "unavailable", Detail: unreadable},
		"HEAD":   {Status: 503, Code: "unavailable", Detail: unreadable},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			log := &strings.Builder{}
			got := Explain(httptest.NewRecorder(), httptest.NewRequest(method, "/", nil), slog.New(slog.NewTextHandler(log, nil)), errFull)
			want.Type, want.Title = "about:blank", http.StatusText(want.Status)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if log.Len() > 0 {
				t.Errorf("the log has %q, want no line for each request", log)
			}
		})
	}
}

func TestReadyz(t *testing.T) {
	t.Parallel()
	passes := func(context.Context) error { return nil }
	full := func(context.Context) error { return errFull }
	fails := func(context.Context) error { return errors.New("connection refused") }
	for name, c := range map[string]struct {
		sidecar func(context.Context) error
		checks  []func(context.Context) error
		status  int
		want    map[string]any // some of the fields
		lines   int            // of the log
	}{
		"all pass":                        {nil, []func(context.Context) error{passes, passes}, 200, map[string]any{"status": "ready"}, 0},
		"full disk":                       {nil, []func(context.Context) error{passes, full}, 200, map[string]any{"status": "degraded", "problem": "disk_full"}, 0},
		"database away":                   {nil, []func(context.Context) error{fails, passes}, 503, map[string]any{"code": "unavailable", "detail": "not ready"}, 1},
		"database away and its disk full": {nil, []func(context.Context) error{fails, full}, 503, map[string]any{"code": "disk_full", "detail": "not ready: " + errFull.Error()}, 0},
		"sidecar up":                      {passes, []func(context.Context) error{passes}, 200, map[string]any{"status": "ready", "sidecar": "up"}, 0},
		"sidecar away":                    {fails, []func(context.Context) error{passes}, 200, map[string]any{"status": "ready", "sidecar": "away"}, 0},
		"no sidecar":                      {nil, nil, 200, map[string]any{"sidecar": nil}, 0},
		"full disk and the sidecar away":  {fails, []func(context.Context) error{full}, 200, map[string]any{"status": "degraded", "sidecar": "away"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &strings.Builder{}
			w := httptest.NewRecorder()
			Readyz(slog.New(slog.NewTextHandler(log, nil)), c.sidecar, c.checks...).ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
			if w.Code != c.status {
				t.Errorf("got status %d, want %d", w.Code, c.status)
			}
			var got map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			for field, want := range c.want {
				if got[field] != want {
					t.Errorf("%s is %v, want %v", field, got[field], want)
				}
			}
			if n := strings.Count(log.String(), "\n"); n != c.lines {
				t.Errorf("the log has %d lines, want %d: %s", n, c.lines, log)
			}
		})
	}
}

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	type input struct {
		Title string    `json:"title"`
		DueAt time.Time `json:"due_at"`
	}
	tests := []struct{ body, field, message string }{
		{`{"title": "x", "due_at": "2026-03-02T10:00:00Z"}`, "", ""},
		{`{"title": 1}`, "title", "number"},
		{`{"titel": "x"}`, "titel", "not a known field"},
		{`{"title": "x"} {}`, "", "after its JSON value"},
		{`{"title": `, "", "ends in the middle"},
		{``, "", "empty"},
		{`title=x`, "", "not JSON"},
	}
	for _, tt := range tests {
		var v input
		err := DecodeJSON([]byte(tt.body), &v)
		if tt.message == "" {
			if err != nil || v.Title != "x" {
				t.Errorf("%s: got %+v, %v", tt.body, v, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.message) {
			t.Errorf("%s: got %v, want %q in it", tt.body, err, tt.message)
		}
		if e, ok := errors.AsType[*task.Error](err); tt.field != "" && (!ok || e.Fields[0].Field != tt.field) {
			t.Errorf("%s: got %v, want it to name %s", tt.body, err, tt.field)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	for _, pattern := range []string{"GET /tasks/{id}", "DELETE /tasks/{id}"} {
		mux.Handle(pattern, Healthz())
	}
	h := WithProblems(slog.New(slog.DiscardHandler), mux)
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/tasks/1", 200, ""},
		{"POST", "/tasks/1", 405, "DELETE, GET, HEAD"},
		{"GET", "/task", 404, ""},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s: got %d and Allow %q, want %d and %q", tt.method, tt.path, w.Code, w.Header().Get("Allow"), tt.status, tt.allow)
		}
	}
}

func TestOnlyTheSidecarMayCall(t *testing.T) {
	t.Parallel()
	h := FromSidecar(slog.New(slog.DiscardHandler), "secret", Healthz())
	for token, want := range map[string]int{"secret": 200, "Secret": 403, "": 403} {
		r := httptest.NewRequest("POST", "/events/x", nil)
		r.Header.Set("Dapr-Api-Token", token)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("token %q: got %d, want %d", token, w.Code, want)
		}
	}
}

func TestStopLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	entered, served := make(chan struct{}), make(chan error, 1)
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-ctx.Done()
		_, _ = io.WriteString(w, "done")
	})
	go func() { served <- Serve(ctx, ln, slow, slog.New(slog.DiscardHandler)) }()
	answered := make(chan string, 1)
	go func() {
		r, err := http.Get("http://" + ln.Addr().String())
		if err != nil {
			answered <- err.Error()
			return
		}
		defer r.Body.Close()
		body, _ := io.ReadAll(r.Body)
		answered <- string(body)
	}()
	<-entered
	stop()
	if got := <-answered; got != "done" {
		t.Errorf("got %q, want done", got)
	}
	if err := <-served; err != nil {
		t.Errorf("got %v, want no error after a stop", err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the server still listens after the stop")
	}
}

// After the stop, a client with an open connection is still answered, and asked to close the
// connection.
func TestStopAsksClientsToLeave(t *testing.T) {
	t.Parallel()
	// The fake clock stands still while the client asks.
	synctest.Test(t, func(t *testing.T) {
		ln := pipes{make(chan net.Conn), make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- Serve(ctx, ln, Healthz(), slog.New(slog.DiscardHandler)) }()
		client := &http.Client{Transport: &http.Transport{DialContext: ln.dial}}
		askedToClose := func() bool {
			r, err := client.Get("http://server")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, r.Body)
			r.Body.Close()
			return r.Close
		}
		if askedToClose() {
			t.Error("the server asks to close the connection before it stops")
		}
		stop()
		synctest.Wait()
		if !askedToClose() {
			t.Error("the server does not ask to close the connection when it stops")
		}
		if err := <-served; err != nil {
			t.Errorf("got %v, want no error after a stop", err)
		}
	})
}

// pipes is a listener inside the process.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, syscall.ECONNREFUSED
	}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error { close(p.closed); return nil }

func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }
