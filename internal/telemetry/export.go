package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"taskmaster/internal/health"
)

// closeTimeout bounds the export of the last spans when the process stops.
const closeTimeout = 5 * time.Second

// New returns the telemetry of a service. Close it.
func New(ctx context.Context, cfg Config) (*Telemetry, error) {
	t := off(cfg)
	if cfg.Endpoint == "" {
		return t, nil
	}
	// The exporter reads the other variables of OpenTelemetry itself, such as those of its certificate.
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(cfg.Endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("create exporter of traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithFromEnv(), resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", cfg.Service), attribute.String("service.namespace", "taskmaster")))
	if err != nil {
		return nil, fmt.Errorf("describe service: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&knownOnly{exporter, health.New("export of traces", cfg.Log, time.Now)}),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(cfg.Ratio))),
		sdktrace.WithResource(about),
	)
	t.provider, t.tracer, t.exports, t.close = provider, provider.Tracer(name), true, provider.Shutdown
	return t, nil
}

// Close exports the last spans.
func (t *Telemetry) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	// The exporter has logged a receiver that is away.
	_ = t.orOff().close(ctx)
}

// Provider returns the provider of tracers, for libraries.
func (t *Telemetry) Provider() trace.TracerProvider { return t.orOff().provider }

// Exports reports whether spans are exported.
func (t *Telemetry) Exports() bool { return t.orOff().exports }

// QueryTracer returns the tracer of the statements of a database, or nil if nothing is exported. Our SQL holds no values,
// so that its text tells nothing about people.
func (t *Telemetry) QueryTracer() pgx.QueryTracer {
	if !t.Exports() {
		return nil
	}
	return otelpgx.NewTracer(otelpgx.WithTracerProvider(t.provider), otelpgx.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelpgx.WithDisableConnectionDetailsInAttributes())
}

// Start begins a span in the trace of ctx.
func (t *Telemetry) Start(ctx context.Context, span string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	return t.orOff().tracer.Start(ctx, span, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
}

// End ends a span with the outcome err. The text of the error may hold content, so that only the fact is noted.
func End(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// Consume continues the trace of an event within the request that delivers it. at is the time of the change. The caller
// must call end with the outcome. The number of event types must be bounded.
func Consume(ctx context.Context, eventType string, at time.Time, traceparent string) (_ context.Context, end func(error)) {
	r := requestOf(ctx)
	if r == nil {
		return ctx, func(error) {}
	}
	began, measures := time.Now(), r.telemetry.measures
	if traceparent == "" {
		return ctx, func(err error) { measures.observeEvent(eventType, at, began, err) }
	}
	delivered := trace.SpanContextFromContext(ctx)
	ctx, span := r.telemetry.tracer.Start(Continue(ctx, traceparent), "process "+eventType, trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.String("messaging.operation.name", "process"), attribute.String("taskmaster.event_type", eventType)),
		trace.WithLinks(trace.Link{SpanContext: delivered}))
	followed := span.SpanContext()
	r.followed.Store(&followed)
	return ctx, func(err error) {
		measures.observeEvent(eventType, at, began, err)
		End(span, err)
	}
}

// traced makes a span of each request. Probes, and sockets that are open for hours, have none. The delivery of an
// event has one in the trace of the event, by Consume.
func (t *Telemetry) traced(h http.Handler) http.Handler {
	return otelhttp.NewHandler(h, "request",
		otelhttp.WithTracerProvider(t.provider), otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()),
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithFilter(func(r *http.Request) bool {
			return !isProbe(r.URL.Path) && !strings.HasPrefix(r.URL.Path, "/events/") && r.Header.Get("Upgrade") == ""
		}))
}

// nameSpan gives the span of a request the name of its route.
func nameSpan(ctx context.Context, r *http.Request, route string) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetName(Method(r) + " " + route)
		span.SetAttributes(attribute.String("http.route", route))
	}
}

// Transport passes the ids of a request on with the calls that it makes through next, and makes a span of each
// call.
func (t *Telemetry) Transport(next http.RoundTripper) http.RoundTripper {
	t = t.orOff()
	if t.exports {
		next = otelhttp.NewTransport(next,
			otelhttp.WithTracerProvider(t.provider), otelhttp.WithMeterProvider(metricnoop.NewMeterProvider()),
			otelhttp.WithPropagators(propagation.TraceContext{}),
			otelhttp.WithFilter(func(r *http.Request) bool { return r.Header.Get("Upgrade") == "" }))
	}
	return transport{next}
}

// transport adds the ids of the request of a context to the calls that it makes.
type transport struct{ next http.RoundTripper }

// RoundTrip sends a copy of r with the ids.
func (tr transport) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.WithContext(r.Context())
	out.Header = r.Header.Clone()
	if out.Header == nil {
		out.Header = http.Header{}
	}
	Inject(r.Context(), out.Header)
	if id := RequestID(r.Context()); id != "" {
		out.Header.Set(RequestIDHeader, id)
	}
	return tr.next.RoundTrip(out) //nolint:wrapcheck // a transport between two others
}

// CloseIdleConnections closes the connections that no request uses.
func (tr transport) CloseIdleConnections() {
	(&http.Client{Transport: tr.next}).CloseIdleConnections()
}

// known are the attributes that may leave. Libraries set others, such as the query of an address, the address of
// a person, or the text of an error, which can hold what somebody typed.
var known = map[attribute.Key]bool{
	"http.request.method": true, "http.route": true, "http.response.status_code": true, "http.request.body.size": true,
	"http.response.body.size": true, "error.type": true,
	"db.system.name": true, "db.operation.name": true, "db.query.text": true, "db.response.status_code": true, "pgx.rows_affected": true,
	"messaging.operation.name": true, "messaging.destination.name": true,
	"taskmaster.event_type": true, "taskmaster.channel_kind": true, "taskmaster.outcome": true, "taskmaster.tool": true,
}

// knownOnly exports spans with known attributes alone. It logs once when the receiver goes away and once when it is
// back.
type knownOnly struct {
	sdktrace.SpanExporter
	health *health.Reporter
}

// ExportSpans exports spans.
func (e *knownOnly) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	cleaned := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		cleaned[i] = knownSpan{span}
	}
	e.health.Report(ctx, e.SpanExporter.ExportSpans(ctx, cleaned))
	return nil // reported
}

// knownSpan is a span with known attributes alone.
type knownSpan struct{ sdktrace.ReadOnlySpan }

// Attributes returns the known attributes.
func (s knownSpan) Attributes() (kept []attribute.KeyValue) {
	for _, a := range s.ReadOnlySpan.Attributes() {
		if known[a.Key] {
			kept = append(kept, a)
		}
	}
	return kept
}

// Events returns none. The events of libraries hold texts of errors.
func (knownSpan) Events() []sdktrace.Event { return nil }

// Status returns the status without the text of an error.
func (s knownSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}
