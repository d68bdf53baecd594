package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// TestAChangeKeepsItsTrace follows a change from its request to its events, and to the reminder that it sets. The
// job of the reminder brings a trace of its own.
func TestAChangeKeepsItsTrace(t *testing.T) {
	t.Parallel()
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	a := newTestAPI(t)
	p := a.newPerson(t)
	due := testStart.Add(time.Hour)
	created := decoded[task.Task](t, p.send(t, "POST", "/api/v1/tasks", map[string]any{
		"title": "dentist", "due_at": due, "reminders": []any{map[string]any{"minutes_before": 0}},
	}, header("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")).want(t, 201))
	a.reconciled(t)
	a.setTime(due)
	a.send(t, "POST", "/job/"+sidecar.JobName(created.ID, 0), nil, header("Dapr-Api-Token", a.cfg.AppAPIToken),
		header("Traceparent", "00-00000000000000000000000000000001-00f067aa0ba902b7-01")).want(t, 200)
	var got []string
	for _, e := range p.events(t) {
		_, rest, _ := strings.Cut(e.TraceParent, "-")
		id, _, _ := strings.Cut(rest, "-")
		got = append(got, fmt.Sprint(e.Type, " ", id == traceID))
	}
	slices.Sort(got)
	if want := []string{"reminder.due true", "task.changed true", "task.created true"}; !slices.Equal(got, want) {
		t.Errorf("the events and whether they have the trace of the change: %q, want %q", got, want)
	}
}

// TestAProblemNamesItsRequest checks that people can quote a failed request.
func TestAProblemNamesItsRequest(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	r := a.send(t, "GET", "/api/v1/tasks", nil, header(telemetry.RequestIDHeader, "r-1")).want(t, 401)
	if got := decoded[server.Problem](t, r).RequestID; got != "r-1" {
		t.Errorf("the problem has request id %q, want r-1", got)
	}
	if got := r.Header.Get(telemetry.RequestIDHeader); got != "r-1" {
		t.Errorf("the answer has request id %q, want r-1", got)
	}
}
