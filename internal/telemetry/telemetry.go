// Package telemetry lets people follow a change through all services. Each request has an id and
// belongs to a trace (https://www.w3.org/TR/trace-context/), which goes on with its events:
//
//	click ── web ── api ── outbox row ── relay ── broker ── consumer ── its calls, deliveries, sockets
//	          │ X-Request-Id   │ traceparent, an attribute of the event
//	          └ traceparent    └ also in the row of a reminder
//
// Lines of the log carry the ids (NewLogHandler). Handler writes one line per request. Without an
// address to export to, the ids are made and passed on all the same, and there are no spans.
//
// Nothing here may hold a title, a note, a query or a secret: a route is its pattern, never its path,
// and export.go lets only known attributes leave.
package telemetry

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// RequestIDHeader carries the id of a request between services and back to the client.
const RequestIDHeader = "X-Request-Id"

// maxRequestID is the longest request id that is taken over, in bytes.
const maxRequestID = 64

// Config selects the telemetry of a service.
type Config struct {
	// Service is the name of the service.
	Service string
	Log     *slog.Logger
	// LogRequests writes the line of a request at level info. Otherwise its level is debug.
	LogRequests bool
	// Endpoint is the URL of an OTLP receiver (HTTP, protobuf). Without it nothing is exported.
	Endpoint string
	// Ratio is the share of traces that are exported, of those that begin here.
	Ratio float64
	// Trusts reports whether the ids that a request brings are taken over. Nil trusts every sender.
	Trusts func(r *http.Request) bool
}

// Telemetry is the telemetry of one service. A nil Telemetry exports nothing and logs nothing.
type Telemetry struct {
	Config
	provider trace.TracerProvider
	tracer   trace.Tracer
	// exports reports whether there are spans. Without them, nothing may be spent on them.
	exports  bool
	registry *prometheus.Registry
	measures *measures
	close    func(context.Context) error
}

// name is the instrumentation scope of our spans.
const name = "taskmaster/internal/telemetry"

// off returns the telemetry of a service that exports nothing.
func off(cfg Config) *Telemetry {
	provider, registry := noop.NewTracerProvider(), prometheus.NewRegistry()
	return &Telemetry{Config: cfg, provider: provider, tracer: provider.Tracer(name), registry: registry, measures: newMeasures(registry), close: func(context.Context) error { return nil }}
}

// orOff returns t, or for nil a Telemetry that does nothing.
func (t *Telemetry) orOff() *Telemetry {
	if t == nil {
		return off(Config{Log: slog.New(slog.DiscardHandler)})
	}
	return t
}

// request is the record of one request, which its context carries.
type request struct {
	id        string
	telemetry *Telemetry
	// user is the account of the caller, once it is known.
	user atomic.Pointer[string]
	// followed is the trace that the request turned out to belong to. An event names it in its body.
	followed atomic.Pointer[trace.SpanContext]
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// RequestID returns the id of the request of ctx, or "" outside of a request.
func RequestID(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.id
	}
	return ""
}

// SetUser notes the account that the request of ctx is about. Lines of the log carry it from now on.
func SetUser(ctx context.Context, userID string) {
	if r := requestOf(ctx); r != nil && userID != "" {
		r.user.Store(&userID)
	}
}

// TraceParent returns the traceparent of ctx, or "" outside of a trace.
func TraceParent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// Continue returns a context in the trace that a traceparent names. A text that is none changes
// nothing.
func Continue(ctx context.Context, traceparent string) context.Context {
	if traceparent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
}

// Inject adds the traceparent of ctx to a header. It replaces the one that the header has.
func Inject(ctx context.Context, header http.Header) {
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(header))
}

// Follow continues the trace of an event within the request that delivers it. The line of the
// request then has the id of that trace.
func Follow(ctx context.Context, traceparent string) context.Context {
	ctx = Continue(ctx, traceparent)
	if r := requestOf(ctx); r != nil {
		span := trace.SpanContextFromContext(ctx)
		r.followed.Store(&span)
	}
	return ctx
}

// acceptID returns a request id that a proxy gave, or "" if it could forge a line of a log.
func acceptID(id string) string {
	safe := func(c rune) bool {
		return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	if len(id) > maxRequestID || strings.ContainsFunc(id, func(c rune) bool { return !safe(c) }) {
		return ""
	}
	return id
}

// newSpanContext returns the beginning of a trace that is not exported.
func newSpanContext() trace.SpanContext {
	var traceID trace.TraceID
	var spanID trace.SpanID
	_, _ = rand.Read(traceID[:]) // it never fails
	_, _ = rand.Read(spanID[:])
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID})
}
