package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// NewPanics returns the counter of panics for Recover.
func NewPanics(metrics prometheus.Registerer) prometheus.Counter {
	panics := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "taskmaster_panics_total", Help: "Requests whose handler panicked.",
	})
	metrics.MustRegister(panics)
	return panics
}

// Recover answers a request whose handler panics with a problem of 500. It logs the panic with its
// stack and counts it, unless panics is nil. Without Recover, net/http would break the connection
// and log only for debugging.
//
// A panic of http.ErrAbortHandler breaks the connection as intended. A panic after the answer has
// begun does too, because no client may mistake a part for the whole.
//
// A panic outside of a handler, such as in a service's loop, ends the process. The runtime then
// prints its stack.
func Recover(log *slog.Logger, panics prometheus.Counter, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &startTracker{ResponseWriter: w}
		defer func() { //nolint:contextcheck // the request carries the context
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
				panic(cause)
			}
			if panics != nil {
				panics.Inc()
			}
			log.ErrorContext(r.Context(), "handler panicked", "method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if answer.started {
				panic(http.ErrAbortHandler)
			}
			for _, name := range contentHeaders {
				w.Header().Del(name)
			}
			writeProblem(w, Problem{
				Type: "about:blank", Title: http.StatusText(http.StatusInternalServerError), Status: http.StatusInternalServerError,
				Code: task.CodeInternal, Detail: internalDetail, RequestID: telemetry.RequestID(r.Context()),
			})
		}()
		h.ServeHTTP(answer, r)
	})
}

// contentHeaders are the headers that a handler may have set for the answer that it did not
// complete.
var contentHeaders = []string{"Content-Disposition", "Content-Encoding", "Content-Length", "ETag", "Last-Modified", "Location", "Retry-After", "Set-Cookie"}

// startTracker records whether an answer has started.
type startTracker struct {
	http.ResponseWriter
	started bool
}

// WriteHeader records the start of the answer. Informational statuses (1xx) do not count.
func (t *startTracker) WriteHeader(status int) {
	t.started = t.started || status >= http.StatusOK || status == http.StatusSwitchingProtocols
	t.ResponseWriter.WriteHeader(status)
}

// Write records the start of the answer.
func (t *startTracker) Write(p []byte) (int, error) {
	t.started = true
	return t.ResponseWriter.Write(p)
}

// Unwrap gives http.ResponseController and WebSockets access to the underlying writer.
func (t *startTracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }
