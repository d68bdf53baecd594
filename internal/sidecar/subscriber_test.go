package sidecar_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"taskmaster/internal/event"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

// wrapped returns a payload in the form of a sidecar's delivery for a subscription with rawPayload.
func wrapped(t *testing.T, payload string) string {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": uuid.NewString(), "source": "Dapr", "type": "com.dapr.event.sent", "topic": "task-events",
		"pubsubname": "kafka-pubsub", "datacontenttype": "application/octet-stream", "data_base64": []byte(payload),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestSubscriberVerdicts(t *testing.T) {
	t.Parallel()
	known := event.New(event.TaskCreated, uuid.New(), task.Task{ID: uuid.New()}, time.Now())
	raw, err := json.Marshal(known)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body    string
		handled error
		want    string
		taken   bool
	}{
		"an event":                     {wrapped(t, string(raw)), nil, "SUCCESS", true},
		"one that is not wrapped":      {string(raw), nil, "SUCCESS", true},
		"of an unknown type":           {wrapped(t, `{"id": 7, "type": "task.shared", "data": 1}`), nil, "SUCCESS", true},
		"refused":                      {wrapped(t, string(raw)), task.Errorf(task.CodeInvalid, "no"), "DROP", true},
		"refused by another app":       {wrapped(t, string(raw)), task.Errorf(task.CodeConflict, "no"), "DROP", true},
		"not handled now":              {wrapped(t, string(raw)), errors.New("database away"), "RETRY", true},
		"not handled now, of a limit":  {wrapped(t, string(raw)), task.RetryLater(task.CodeUnavailable, time.Second, "later"), "RETRY", true},
		"bytes":                        {wrapped(t, "\x00\xff"), nil, "DROP", false},
		"nothing":                      {wrapped(t, ""), nil, "DROP", false},
		"a list":                       {wrapped(t, "[]"), nil, "DROP", false},
		"neither wrapped nor an event": {"<event/>", nil, "DROP", false},
		"too large":                    {wrapped(t, strings.Repeat(" ", 2<<20)), nil, "DROP", false},
		// A sidecar with JetStream would panic when it published null as a dead letter.
		"null":                 {wrapped(t, "null"), nil, "SUCCESS", false},
		"null, between blanks": {wrapped(t, " null\n"), nil, "SUCCESS", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			taken := false
			h := sidecar.Subscriber(slog.New(slog.NewTextHandler(t.Output(), nil)), func(_ context.Context, e event.Event) error {
				taken = e.Type == known.Type && e.ID == known.ID || !event.Known(e.Type)
				return c.handled
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/events/task-events", strings.NewReader(c.body)))
			var got struct{ Status string }
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
				t.Fatalf("answered %d %s", w.Code, w.Body)
			}
			if got.Status != c.want || taken != c.taken {
				t.Errorf("got %s, taken: %v; want %s, %v", got.Status, taken, c.want, c.taken)
			}
		})
	}
}
