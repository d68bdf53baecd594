package telemetry_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/telemetry"
)

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceparent = "00-" + traceID + "-00f067aa0ba902b7-01"
)

// line is a line of a log.
type line struct {
	Level, Msg, Method, Route string
	Status, Bytes             int
	Duration                  *float64 `json:"duration_ms"`
	RequestID                 string   `json:"request_id"`
	TraceID                   string   `json:"trace_id"`
	UserID                    string   `json:"user_id"`
}

// serve sends a request to a service with some routes. It returns the answer's header and the lines of
// the log.
func serve(t *testing.T, cfg telemetry.Config, method, target string, header map[string]string) (answered http.Header, lines []line, all string) {
	t.Helper()
	var log bytes.Buffer
	cfg.Log = slog.New(telemetry.NewLogHandler(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	tel, err := telemetry.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tag/{tag}", func(w http.ResponseWriter, r *http.Request) {
		telemetry.SetUser(r.Context(), "somebody")
		cfg.Log.InfoContext(r.Context(), "tag shown")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "12345")
	})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /broken", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	s := httptest.NewServer(tel.Handler(mux))
	defer s.Close()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := s.Client().Do(r)
	if err == nil {
		answered = res.Header
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	s.Close() // after it, the lines are complete
	for raw := range bytes.Lines(log.Bytes()) {
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return answered, lines, log.String()
}

// TestARequestHasALine checks the line of a request, and that the lines within it have the same ids. Nothing of
// the path or the query is in them.
func TestARequestHasALine(t *testing.T) {
	t.Parallel()
	answered, lines, log := serve(t, telemetry.Config{LogRequests: true}, "GET", "/tag/dentist?q=tooth", map[string]string{
		telemetry.RequestIDHeader: "r-1", "Traceparent": traceparent,
	})
	for i := range lines {
		if lines[i].Msg == "request" && lines[i].Duration == nil {
			t.Error("the line of the request has no duration")
		}
		lines[i].Duration = nil
	}
	want := []line{
		{Level: "INFO", Msg: "tag shown", RequestID: "r-1", TraceID: traceID, UserID: "somebody"},
		{Level: "INFO", Msg: "request", Method: "GET", Route: "/tag/{tag}", Status: 202, Bytes: 5, RequestID: "r-1", TraceID: traceID, UserID: "somebody"},
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if got := answered.Get(telemetry.RequestIDHeader); got != "r-1" {
		t.Errorf("the answer has request id %q, want r-1", got)
	}
	for _, private := range []string{"dentist", "tooth"} {
		if strings.Contains(log, private) {
			t.Errorf("the log has %q:\n%s", private, log)
		}
	}
}

// TestIDsOfStrangers checks which ids are taken over.
func TestIDsOfStrangers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		trusts  bool
		id      string
		keeps   bool
		traced  string
		follows bool
	}{
		{"a proxy", true, "r-1", true, traceparent, true},
		{"a stranger", false, "r-1", false, traceparent, false},
		{"a forged line", true, `r" level=ERROR`, false, traceparent, true},
		{"a long id", true, strings.Repeat("x", 65), false, traceparent, true},
		{"no ids", true, "", false, "", false},
		{"a broken trace", true, "r-1", true, "00-zz-1-1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := telemetry.Config{Trusts: func(*http.Request) bool { return c.trusts }}
			header := map[string]string{telemetry.RequestIDHeader: c.id, "Traceparent": c.traced}
			answered, lines, _ := serve(t, cfg, "GET", "/healthz", header)
			got := lines[0]
			if kept := got.RequestID == c.id; kept != c.keeps {
				t.Errorf("the request id is %q, sent %q", got.RequestID, c.id)
			}
			if follows := got.TraceID == traceID; follows != c.follows {
				t.Errorf("the trace is %q, sent %q", got.TraceID, c.traced)
			}
			if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(got.TraceID) || got.RequestID == "" {
				t.Errorf("the line has trace %q and request id %q", got.TraceID, got.RequestID)
			}
			if answered.Get(telemetry.RequestIDHeader) != got.RequestID {
				t.Errorf("the answer has another request id than the line")
			}
		})
	}
}

// TestLevelsOfLines checks that probes, and everything with LogRequests off, are lines for debugging.
func TestLevelsOfLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, target string
		logs                 bool
		level, route         string
		status               int
		as                   string
	}{
		{"probe", "GET", "/healthz", true, "DEBUG", "/healthz", 200, "GET"},
		{"switched off", "GET", "/nowhere", false, "DEBUG", "unmatched", 404, "GET"},
		{"no route", "GET", "/wp-login.php", true, "INFO", "unmatched", 404, "GET"},
		{"an invented method", "BREW", "/nowhere", true, "INFO", "unmatched", 404, "OTHER"},
		{"a broken connection", "GET", "/broken", true, "INFO", "/broken", 499, "GET"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, lines, _ := serve(t, telemetry.Config{LogRequests: c.logs}, c.method, c.target, nil)
			got := lines[0]
			want := line{Level: c.level, Msg: "request", Method: c.as, Route: c.route, Status: c.status}
			got.Duration, got.RequestID, got.TraceID, got.Bytes = nil, "", "", 0
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

// TestALineKeepsItsOwnIDs writes lines that have a user already.
func TestALineKeepsItsOwnIDs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(telemetry.NewLogHandler(slog.NewJSONHandler(&log, nil)))
	tel, err := telemetry.New(t.Context(), telemetry.Config{Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	h := tel.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		telemetry.SetUser(r.Context(), "the caller")
		logger.InfoContext(r.Context(), "one", "user_id", "another")
		logger.With("user_id", "another").InfoContext(r.Context(), "two")
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	if strings.Count(log.String(), `"user_id":"another"`) != 2 || strings.Contains(log.String(), "the caller") {
		t.Errorf("got lines\n%s", log.String())
	}
}

// TestTransportPassesTheIDsOn sends a request within a request.
func TestTransportPassesTheIDsOn(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
	defer upstream.Close()
	tel, err := telemetry.New(t.Context(), telemetry.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: tel.Transport(http.DefaultTransport)}
	h := tel.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		out, err := http.NewRequestWithContext(r.Context(), "GET", upstream.URL, nil)
		if err != nil {
			t.Error(err)
			return
		}
		out.Header.Set("Traceparent", "00-00000000000000000000000000000001-0000000000000001-01") // of somebody else
		res, err := client.Do(out)
		if err != nil {
			t.Error(err)
			return
		}
		res.Body.Close()
	}))
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.Header.Set(telemetry.RequestIDHeader, "r-1")
	r.Header.Set("Traceparent", traceparent)
	h.ServeHTTP(httptest.NewRecorder(), r)
	header := <-got
	if id := header.Get(telemetry.RequestIDHeader); id != "r-1" {
		t.Errorf("the call has request id %q, want r-1", id)
	}
	if parent := header.Get("Traceparent"); parent != traceparent {
		t.Errorf("the call has traceparent %q, want %q", parent, traceparent)
	}
}

// TestTraceParent checks that a traceparent survives a context.
func TestTraceParent(t *testing.T) {
	t.Parallel()
	if got := telemetry.TraceParent(t.Context()); got != "" {
		t.Errorf("a context without a trace has traceparent %q", got)
	}
	if got := telemetry.TraceParent(telemetry.Continue(t.Context(), traceparent)); got != traceparent {
		t.Errorf("got traceparent %q, want %q", got, traceparent)
	}
}
