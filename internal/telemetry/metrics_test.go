package telemetry_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/telemetry"
)

// TestMetricsOfRequestsAndEvents sends requests and delivers events. No path is in the metrics, and probes are not.
func TestMetricsOfRequestsAndEvents(t *testing.T) {
	t.Parallel()
	tel, err := telemetry.New(t.Context(), telemetry.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tag/{tag}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	for _, failure := range []error{nil, errors.New("no")} {
		pattern := "POST /events/ok"
		if failure != nil {
			pattern = "POST /events/failed"
		}
		mux.HandleFunc(pattern, func(_ http.ResponseWriter, r *http.Request) {
			_, end := telemetry.Consume(r.Context(), "task.created", time.Now().Add(-40*time.Second), traceparent)
			end(failure)
		})
	}
	mux.Handle("GET /metrics", tel.MetricsHandler())
	h := tel.Handler(mux)
	send := func(method, path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
		body, err := io.ReadAll(w.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	send("GET", "/tag/dentist")
	send("GET", "/tag/dentist?q=1")
	send("BREW", "/secret")
	send("GET", "/healthz")
	send("POST", "/events/ok")
	send("POST", "/events/failed")
	got := regexp.MustCompile(`(?m)^(?:http_server|taskmaster_consumer)\w+(?:_count.*|_bucket\{event_type="task.created",le="(?:30|60)"\} .*)$`).FindAllString(send("GET", "/metrics"), -1)
	slices.Sort(got)
	want := []string{
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/tag/{tag}"} 2`,
		`http_server_request_duration_seconds_count{http_request_method="OTHER",http_response_status_code="404",http_route="unmatched"} 1`,
		`http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",http_route="/events/failed"} 1`,
		`http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",http_route="/events/ok"} 1`,
		`taskmaster_consumer_duration_seconds_count{event_type="task.created",outcome="error"} 1`,
		`taskmaster_consumer_duration_seconds_count{event_type="task.created",outcome="ok"} 1`,
		`taskmaster_consumer_lag_seconds_bucket{event_type="task.created",le="30"} 0`,
		`taskmaster_consumer_lag_seconds_bucket{event_type="task.created",le="60"} 1`,
		`taskmaster_consumer_lag_seconds_count{event_type="task.created"} 1`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}
