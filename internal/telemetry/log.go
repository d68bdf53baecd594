package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// The attributes that a request adds to the lines of its log.
const (
	keyTrace   = "trace_id"
	keyRequest = "request_id"
	keyUser    = "user_id"
)

// logHandler adds the ids of a request to its lines.
type logHandler struct {
	slog.Handler
	// given are the keys that the logger adds itself.
	given map[string]bool
}

// NewLogHandler returns a handler that adds trace_id, request_id and user_id of the context to each
// line. A line that has one of them keeps its own.
func NewLogHandler(h slog.Handler) slog.Handler { return logHandler{Handler: h} }

// Handle adds the ids and passes the line on.
func (h logHandler) Handle(ctx context.Context, line slog.Record) error {
	ids := idsOf(ctx)
	if len(ids) == 0 {
		return h.Handler.Handle(ctx, line) //nolint:wrapcheck // a handler between two others
	}
	has := map[string]bool{}
	line.Attrs(func(a slog.Attr) bool { has[a.Key] = true; return true })
	line = line.Clone()
	for _, id := range ids {
		if !has[id.Key] && !h.given[id.Key] {
			line.AddAttrs(id)
		}
	}
	return h.Handler.Handle(ctx, line) //nolint:wrapcheck // as above
}

// idsOf returns the ids of a context.
func idsOf(ctx context.Context) (ids []slog.Attr) {
	r := requestOf(ctx)
	span := trace.SpanContextFromContext(ctx)
	if r != nil {
		if followed := r.followed.Load(); followed != nil {
			span = *followed
		}
	}
	if span.HasTraceID() {
		ids = append(ids, slog.String(keyTrace, span.TraceID().String()))
	}
	if r == nil {
		return ids
	}
	ids = append(ids, slog.String(keyRequest, r.id))
	if user := r.user.Load(); user != nil {
		ids = append(ids, slog.String(keyUser, *user))
	}
	return ids
}

// WithAttrs returns a handler whose lines have more attributes.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	given := map[string]bool{}
	for key := range h.given {
		given[key] = true
	}
	for _, a := range attrs {
		given[a.Key] = true
	}
	return logHandler{h.Handler.WithAttrs(attrs), given}
}

// WithGroup returns a handler whose attributes are in a group.
func (h logHandler) WithGroup(group string) slog.Handler {
	return logHandler{h.Handler.WithGroup(group), h.given}
}
