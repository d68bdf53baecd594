package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/event"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

const token = "the sidecar's token"

// deliver delivers an event to a new recurring like its sidecar, and returns the verdict.
func deliver(t *testing.T, fake *sidecar.Fake, body []byte) string {
	t.Helper()
	var cfg config
	cfg.AppAPIToken = token
	r := &recurring{cfg: cfg, log: slog.New(slog.DiscardHandler), invoke: fake.Invoke}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/events/task-events", bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/cloudevents+json")
	req.Header.Set("Dapr-Api-Token", token)
	rec := httptest.NewRecorder()
	r.routes().ServeHTTP(rec, req)
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	var verdict struct{ Status string }
	if err := json.Unmarshal(rec.Body.Bytes(), &verdict); err != nil {
		t.Fatalf("verdict %s: %v", rec.Body, err)
	}
	return verdict.Status
}

// completion returns the event of a completed task that recurs by a rule. The task was due on
// Monday 9 February 2026.
func completion(rrule string) event.Event {
	due := time.Date(2026, 2, 9, 9, 0, 0, 0, time.UTC)
	done := due.Add(time.Hour)
	t := task.Task{ID: uuid.New(), Title: "Pay rent", Completed: true, CompletedAt: &done, DueAt: &due, Recurrence: &task.Recurrence{RRule: rrule}}
	t.Normalize()
	t.Revision = 41
	return event.New(event.TaskCompleted, uuid.New(), t, done)
}

func encode(t *testing.T, e event.Event) []byte {
	t.Helper()
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestTheTraceGoesOn checks that the call of api belongs to the trace of the completion.
func TestTheTraceGoesOn(t *testing.T) {
	t.Parallel()
	e := completion("FREQ=WEEKLY;BYDAY=MO")
	e.TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	fake := &sidecar.Fake{}
	deliver(t, fake, encode(t, e))
	if got := fake.Invoked(); len(got) != 1 || got[0].TraceParent != e.TraceParent {
		t.Errorf("invoked %+v, want one call in the trace %s", got, e.TraceParent)
	}
}

func TestCompletedTaskIsFollowed(t *testing.T) {
	t.Parallel()
	e := completion("FREQ=WEEKLY;BYDAY=MO")
	fake := &sidecar.Fake{}
	// A redelivered event, also to another replica, leads to the same request.
	for range 2 {
		if got, want := deliver(t, fake, encode(t, e)), "SUCCESS"; got != want {
			t.Fatalf("verdict %s, want %s", got, want)
		}
	}
	invoked := fake.Invoked()
	if len(invoked) != 2 || !bytes.Equal(invoked[0].Body, invoked[1].Body) {
		t.Fatalf("invoked %+v, want the same twice", invoked)
	}
	if got := invoked[0]; got.AppID != "api" || got.Method != "internal/occurrences" {
		t.Errorf("invoked %s of %s, want internal/occurrences of api", got.Method, got.AppID)
	}
	var got apiv1.Occurrence
	if err := json.Unmarshal(invoked[0].Body, &got); err != nil {
		t.Fatal(err)
	}
	want := apiv1.Occurrence{UserID: e.Data.UserID, PreviousID: e.Data.TaskID, CompletedRevision: 41, Task: got.Task}
	want.Task.ID, want.Task.SeriesID = task.SuccessorID(e.Data.TaskID, 41), &e.Data.TaskID
	want.Task.DueAt, want.Task.Completed, want.Task.Title = new(time.Date(2026, 2, 16, 9, 0, 0, 0, time.UTC)), false, "Pay rent"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the occurrence differs (-want +got):\n%s", diff)
	}
	if err := got.Task.Validate(); err != nil {
		t.Errorf("api would refuse the task: %v", err)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	change := func(rrule string, change func(*event.Event)) []byte {
		e := completion(rrule)
		change(&e)
		return encode(t, e)
	}
	same := func(*event.Event) {}
	unavailable := errors.New("the sidecar is away")
	tests := []struct {
		name    string
		body    []byte
		err     error // of the invocation
		want    string
		invoked int
	}{
		{"another type", change("daily", func(e *event.Event) { e.Type = event.TaskUpdated }), nil, "SUCCESS", 0},
		{"an unknown type", []byte(`{"specversion": "1.0", "id": "019c4e00-0000-7000-8000-000000000001", "type": "task.completed.v2", "data": [1]}`), nil, "SUCCESS", 0},
		{"a task that does not recur", change("daily", func(e *event.Event) { e.Data.TaskData.Recurrence = nil }), nil, "SUCCESS", 0},
		{"the end of a series", change("FREQ=DAILY;COUNT=1", same), nil, "SUCCESS", 0},
		{"a rule that is none", change("FREQ=HOURLY", same), nil, "DROP", 0},
		{"no completion", change("daily", func(e *event.Event) { e.Data.TaskData.CompletedAt = nil }), nil, "DROP", 0},
		{"another task", change("daily", func(e *event.Event) { e.Data.TaskData.ID = uuid.New() }), nil, "DROP", 0},
		{"not an event", []byte(`<html>`), nil, "DROP", 0},
		{"api refuses", change("daily", same), task.Errorf(task.CodeConflict, "no"), "DROP", 0},
		{"api is away", change("daily", same), unavailable, "RETRY", 0},
		{"api is there", change("daily", same), nil, "SUCCESS", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := &sidecar.Fake{Err: func(string, string) error { return tt.err }}
			if got := deliver(t, fake, tt.body); got != tt.want {
				t.Errorf("verdict %s, want %s", got, tt.want)
			}
			if got := len(fake.Invoked()); got != tt.invoked {
				t.Errorf("invoked %d times, want %d", got, tt.invoked)
			}
		})
	}
}

// TestRun runs the service without a sidecar. It is ready, accepts events only from a sidecar, and
// stops.
func TestRun(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(func(name string) string { return map[string]string{"APP_API_TOKEN": token}[name] })
	if err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stopped := make(chan error, 1)
	go func() { stopped <- run(ctx, cfg, ln, slog.New(slog.DiscardHandler)) }()

	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/healthz", http.StatusOK},
		{http.MethodGet, "/readyz", http.StatusOK},
		{http.MethodPost, "/events/task-events", http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+ln.Addr().String()+tt.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != tt.want {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.path, res.StatusCode, tt.want)
		}
	}

	stop()
	select {
	case err := <-stopped:
		if err != nil {
			t.Errorf("run: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("run did not stop")
	}
}
