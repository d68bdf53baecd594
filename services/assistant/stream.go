package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"taskmaster/internal/server"
)

// The events of an answer, in their order (https://html.spec.whatwg.org/multipage/server-sent-events.html). The data of
// each is a JSON object. Clients ignore events that they do not know.
const (
	// eventStep is a dialog.Step: once when a tool is called, and once with its outcome.
	eventStep = "step"
	// eventText has a piece of the answer's text. Pieces are joined, so that a model can send words as they come.
	eventText = "text"
	// eventAnswer is a dialog.Answer with the whole text.
	eventAnswer = "answer"
	// eventError is a problem (RFC 9457). The turn has ended.
	eventError = "error"
	// eventEnd is the last event. A stream without it was cut off, and the request can be repeated.
	eventEnd = "end"
)

// stream writes the events of one answer. The status is sent with the first event, so that a refusal before it has a
// status of its own.
type stream struct {
	w       http.ResponseWriter
	r       *http.Request
	log     *slog.Logger
	started bool
}

// send writes an event. The error of a client that has gone is the end of the request's context.
func (s *stream) send(ctx context.Context, event string, data any) {
	if !s.started {
		s.started = true
		header := s.w.Header()
		header.Set("Content-Type", "text/event-stream")
		header.Set("Cache-Control", "no-store")
		header.Set("X-Accel-Buffering", "no") // nginx would hold the events back
		s.w.WriteHeader(http.StatusOK)
	}
	raw, err := json.Marshal(data)
	if err != nil {
		s.log.ErrorContext(ctx, "event not encoded", "event", event, "error", err)
		return
	}
	fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, raw)
	_ = http.NewResponseController(s.w).Flush() // as above
}

// fail ends the answer with an error. Before the first event it is the error of the request.
func (s *stream) fail(ctx context.Context, err error) error {
	if !s.started {
		return err
	}
	s.send(ctx, eventError, server.Explain(noHeader{s.w}, s.r, s.log, err))
	s.send(ctx, eventEnd, struct{}{})
	return nil
}

// noHeader is a response whose header was sent.
type noHeader struct{ http.ResponseWriter }

func (noHeader) Header() http.Header { return http.Header{} }
