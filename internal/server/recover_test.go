package server

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// lostIndex panics like a programming error.
func lostIndex(list []int, i int) int { return list[i] }

func TestPanic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		// status is 0 if the connection breaks.
		status int
		counts float64
		logged bool
	}{
		{"before the answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Set-Cookie", "session=of nobody")
			lostIndex(nil, 0)
		}, 500, 1, true},
		{"within the answer", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "the first half")
			_ = http.NewResponseController(w).Flush()
			lostIndex(nil, 0)
		}, 0, 1, true},
		{"on purpose", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, 0, false},
		{"of a handler that returns errors", Handle(slog.New(slog.DiscardHandler), func(http.ResponseWriter, *http.Request) error {
			lostIndex(nil, 0)
			return nil
		}).ServeHTTP, 500, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			metrics := prometheus.NewRegistry()
			s := httptest.NewServer(Recover(slog.New(slog.NewJSONHandler(&log, nil)), NewPanics(metrics), c.handler))
			status := 0
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			if res, err := s.Client().Do(r); err == nil {
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err == nil {
					status = res.StatusCode
				}
				var p Problem
				if status == 500 && (json.Unmarshal(body, &p) != nil || p.Code != "internal" || res.Header.Get("Set-Cookie") != "") {
					t.Errorf("got %v %s, want a problem of code internal and no cookie", res.Header, body)
				}
			}
			s.Close() // the server no longer writes to the log
			if status != c.status {
				t.Errorf("got status %d, want %d", status, c.status)
			}
			families, err := metrics.Gather()
			if err != nil {
				t.Fatal(err)
			}
			if got := families[0].GetMetric()[0].GetCounter().GetValue(); got != c.counts {
				t.Errorf("%v panics are counted, want %v", got, c.counts)
			}
			if got := strings.Contains(log.String(), `"level":"ERROR","msg":"handler panicked"`) && strings.Contains(log.String(), "lostIndex"); got != c.logged {
				t.Errorf("a line with the stack is in the log: %t, want %t: %s", got, c.logged, log.String())
			}
		})
	}
}
