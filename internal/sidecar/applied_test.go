package sidecar

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// answers is a sidecar that answers Applied's questions and records them.
type answers struct {
	ready    bool
	metadata string
	calls    []string
}

func (s *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	if r.Header.Get("Dapr-Api-Token") != "the token" {
		http.Error(w, "no token", http.StatusUnauthorized)
		return
	}
	switch r.URL.Path {
	case "/v1.0/metadata":
		_, _ = io.WriteString(w, s.metadata) // the test fails for it
	case "/v1.0/healthz":
		if !s.ready {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// newAnswers returns a sidecar, and the check of it for a component and a topic.
func newAnswers(t *testing.T) (*answers, *Applied) {
	t.Helper()
	s := &answers{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	port := server.Listener.Addr().(*net.TCPAddr).Port
	return s, NewApplied(port, "the token", slog.New(slog.DiscardHandler), []string{"kafka-pubsub", "applied-1"}, "task-events")
}

const complete = `{"components": [{"name": "kafka-pubsub"}, {"name": "applied-1"}], "subscriptions": [{"topic": "task-events"}]}`

// TestSidecarOfTheInstallationBefore checks that a sidecar that lacks an object is stopped once, and that one
// that has all is asked no more.
func TestSidecarOfTheInstallationBefore(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]string{
		"other components": `{"components": [{"name": "kafka-pubsub"}, {"name": "applied-0"}], "subscriptions": [{"topic": "task-events"}]}`,
		"no subscription":  `{"components": [{"name": "kafka-pubsub"}, {"name": "applied-1"}], "subscriptions": []}`,
		"nothing":          `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, applied := newAnswers(t)
			check := func(wantErr bool, want ...string) {
				t.Helper()
				s.calls = nil
				if err := applied.Check(t.Context()); (err != nil) != wantErr {
					t.Errorf("error %v, want one: %t", err, wantErr)
				}
				if !slices.Equal(s.calls, want) {
					t.Errorf("calls %q, want %q", s.calls, want)
				}
			}
			check(false, "GET /v1.0/healthz") // it starts
			s.ready, s.metadata = true, metadata
			check(true, "GET /v1.0/healthz", "GET /v1.0/metadata", "POST /v1.0/shutdown")
			check(true, "GET /v1.0/healthz", "GET /v1.0/metadata") // it takes a while to stop
			s.metadata = complete
			check(false, "GET /v1.0/healthz", "GET /v1.0/metadata")
			s.metadata = metadata
			check(false)
		})
	}
}

func TestAwaitObjectsOfTheSidecar(t *testing.T) {
	t.Parallel()
	s, applied := newAnswers(t)
	s.ready, s.metadata = true, complete
	applied.Await(t.Context())
	if want := []string{"GET /v1.0/healthz", "GET /v1.0/metadata"}; !slices.Equal(s.calls, want) {
		t.Errorf("calls %q, want %q", s.calls, want)
	}
	// Nothing is checked outside of a cluster, and nothing is asked.
	NewApplied(1, "", nil, nil, "task-events").Await(t.Context())
	(*Applied)(nil).Await(t.Context())
}

// TestAwaitEndsWithItsContext checks that a sidecar that never starts keeps nobody from stopping.
func TestAwaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		applied := NewApplied(1, "", slog.New(slog.DiscardHandler), []string{"a"})
		applied.client.Transport = away{}
		applied.Await(ctx)
		if err := applied.Check(t.Context()); err != nil {
			t.Errorf("a sidecar that is away is an error: %v", err)
		}
	})
}

// away is a network without a sidecar.
type away struct{}

func (away) RoundTrip(*http.Request) (*http.Response, error) { return nil, net.ErrClosed }

func TestUp(t *testing.T) {
	t.Parallel()
	s := &answers{}
	server := httptest.NewServer(s)
	applied := NewApplied(server.Listener.Addr().(*net.TCPAddr).Port, "the token", slog.New(slog.DiscardHandler), nil)
	if err := applied.Up(t.Context()); err != nil {
		t.Errorf("a sidecar that answers is not up: %v", err)
	}
	server.Close()
	if applied.Up(t.Context()) == nil {
		t.Error("a sidecar that is away is up")
	}
}
