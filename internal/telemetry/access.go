package telemetry

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// statusGone is the status of a line whose client left before the answer. No client sees it.
const statusGone = 499

// Handler serves h and writes one line per request: its method, route, status, duration and bytes, with
// the ids. The mux of h must get the request that Handler passes on, because it notes the route in it.
//
// The id is the X-Request-Id of a trusted sender, or a new one. It is in the header of the answer.
func (t *Telemetry) Handler(h http.Handler) http.Handler {
	t = t.orOff()
	logged := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.serve(w, r, h) })
	if t.exports {
		return t.trusting(t.traced(logged))
	}
	return t.trusting(logged)
}

// trusting removes the ids that a stranger sent. They could join the requests of different people, or have all
// of them exported.
func (t *Telemetry) trusting(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t.Trusts != nil && !t.Trusts(r) {
			for _, header := range []string{RequestIDHeader, "Traceparent", "Tracestate", "Baggage"} {
				r.Header.Del(header)
			}
		}
		h.ServeHTTP(w, r)
	})
}

func (t *Telemetry) serve(w http.ResponseWriter, r *http.Request, h http.Handler) {
	began := time.Now()
	record := &request{id: acceptID(r.Header.Get(RequestIDHeader)), telemetry: t}
	if record.id == "" {
		record.id = rand.Text()
	}
	ctx := r.Context()
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = trace.ContextWithSpanContext(ctx, newSpanContext())
	}
	r = r.WithContext(context.WithValue(ctx, requestKey{}, record))
	w.Header().Set(RequestIDHeader, record.id)
	answer := &recorder{ResponseWriter: w, broken: true}
	// A handler that breaks the connection panics. Its request has a line too.
	defer func() { t.finish(r, answer, time.Since(began)) }()
	h.ServeHTTP(answer, r)
	answer.broken = false
}

// finish writes the line of a request.
func (t *Telemetry) finish(r *http.Request, answer *recorder, took time.Duration) {
	// The client may be gone. The line is written all the same.
	ctx := context.WithoutCancel(r.Context())
	route, status := Route(r), answer.statusOf(r)
	if t.exports {
		nameSpan(ctx, r, route)
	}
	t.measures.observe(r, route, status, took)
	level := slog.LevelDebug
	if t.LogRequests && !isProbe(route) {
		level = slog.LevelInfo
	}
	t.Log.LogAttrs(ctx, level, "request",
		slog.String("method", Method(r)), slog.String("route", route), slog.Int("status", status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000), slog.Int64("bytes", answer.bytes))
}

// Route returns the pattern of the route that answered a request, without the method. A path would hold tags
// and ids, and its number has no bound.
func Route(r *http.Request) string {
	if r.Pattern == "" {
		return "unmatched"
	}
	_, path, found := strings.Cut(r.Pattern, " ")
	if !found {
		return r.Pattern
	}
	return path
}

// Method returns the method of a request. A method that HTTP does not know is OTHER, because a client may
// invent any number of them.
func Method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "OTHER"
}

// isProbe reports whether a route is asked every few seconds, by the kubelet or Prometheus.
func isProbe(route string) bool {
	return route == "/healthz" || route == "/readyz" || route == MetricsPath
}

// recorder notes the status and the size of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	// broken is true until the handler has returned.
	broken bool
}

// WriteHeader notes the status. Informational ones (1xx) do not count, except for the switch to a
// WebSocket.
func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (rec *recorder) Write(p []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(p)
	rec.bytes += int64(n)
	return n, err //nolint:wrapcheck // a writer between two others
}

// Unwrap gives http.ResponseController and WebSockets access to the underlying writer.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// statusOf returns the status of the answer. A client that left before it, or whose connection was broken, has
// statusGone.
func (rec *recorder) statusOf(r *http.Request) int {
	switch {
	case rec.status != 0:
		return rec.status
	case rec.broken, r.Context().Err() != nil:
		return statusGone
	}
	return http.StatusOK // net/http sends it after a handler that wrote nothing
}
