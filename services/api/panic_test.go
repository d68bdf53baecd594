package main

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// lines is a log in memory.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count returns the number of lines with a text.
func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// TestPanicIsLoggedAndCounted causes a panic in a handler for people and in one for events.
func TestPanicIsLoggedAndCounted(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	log := &lines{}
	a.log = slog.New(slog.NewTextHandler(log, nil))
	a.db = nil // so that handlers panic
	h := a.service.handler()
	for _, target := range []string{"/api/v1/login", "/events/dead-letters"} {
		body := strings.NewReader(`{"email": "person@example.com", "password": "correct horse"}`)
		r := httptest.NewRequestWithContext(t.Context(), "POST", target, body)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Dapr-Api-Token", a.cfg.AppAPIToken)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		reply{w.Code, w.Header(), w.Body.Bytes()}.wantProblem(t, 500, "internal")
	}
	if got := log.count("level=ERROR msg=\"handler panicked\""); got != 2 {
		t.Errorf("the log has %d panics, want 2", got)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if want := "\ntaskmaster_panics_total 2\n"; !strings.Contains(w.Body.String(), want) {
		t.Errorf("the metrics lack %q", want)
	}
}
