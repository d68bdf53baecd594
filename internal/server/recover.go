package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/task"
)

// NewPanics makes the counter of panics, for Recover.
func NewPanics(metrics prometheus.Registerer) prometheus.Counter {
	panics := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "taskmaster_panics_total", Help: "Requests whose handler panicked.",
	})
	metrics.MustRegister(panics)
	return panics
}

// Recover answers a request whose handler panics with a problem of 500, logs the panic with its stack and counts it, unless
// panics is nil. net/http alone would break the connection off, and its log is for debugging. A panic of http.ErrAbortHandler
// breaks the connection off as intended. So does a panic after the answer has begun, because nobody may take a part for the
// whole.
//
// A panic outside of a handler, in a loop of a service, ends the process, and the runtime prints its stack.
func Recover(log *slog.Logger, panics prometheus.Counter, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &begun{ResponseWriter: w}
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
			if answer.yes {
				panic(http.ErrAbortHandler)
			}
			for _, name := range ofContent {
				w.Header().Del(name)
			}
			writeProblem(w, Problem{
				Type: "about:blank", Title: http.StatusText(http.StatusInternalServerError), Status: http.StatusInternalServerError,
				Code: task.CodeInternal, Detail: internalDetail,
			})
		}()
		h.ServeHTTP(answer, r)
	})
}

// ofContent are headers that a handler may have set for the answer that it did not give.
var ofContent = []string{"Content-Disposition", "Content-Encoding", "Content-Length", "ETag", "Last-Modified", "Location", "Retry-After", "Set-Cookie"}

// begun notes whether an answer has begun.
type begun struct {
	http.ResponseWriter
	yes bool
}

// WriteHeader notes that the answer has begun, unless it is still to come: 1xx informs.
func (b *begun) WriteHeader(status int) {
	b.yes = b.yes || status >= http.StatusOK || status == http.StatusSwitchingProtocols
	b.ResponseWriter.WriteHeader(status)
}

// Write notes that the answer has begun.
func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController and for WebSockets.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }
