package outbox

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"taskmaster/internal/event"
	"taskmaster/internal/telemetry"
)

// beginSpans begins a span in the trace of each event of a call, if that trace is exported. A call has one context
// only: the returned one belongs to the first of the spans, so that those of the sidecar join that trace.
func (r *Relay) beginSpans(ctx context.Context, topic string, messages []event.Message) (_ context.Context, end func(error)) {
	if !r.Telemetry.Exports() {
		return ctx, func(error) {}
	}
	var spans []trace.Span
	call := ctx
	for _, m := range messages {
		change := telemetry.Continue(ctx, event.TraceParentOf(m.CloudEvent))
		if !trace.SpanContextFromContext(change).IsSampled() {
			continue
		}
		change, span := r.Telemetry.Start(change, "publish "+topic, trace.SpanKindProducer,
			attribute.String("messaging.operation.name", "publish"), attribute.String("messaging.destination.name", topic))
		if spans = append(spans, span); len(spans) == 1 {
			call = change
		}
	}
	return call, func(err error) {
		for _, span := range spans {
			telemetry.End(span, err)
		}
	}
}
