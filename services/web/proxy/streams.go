package proxy

import (
	"context"
	"net/http"
	"sync"
)

// Streams ends long-lived requests when the process stops. A server waits for its requests, but
// these do not end by themselves. It does not wait for WebSockets at all.
type Streams struct {
	stopping context.Context
	running  sync.WaitGroup
}

// NewStreams returns Streams whose requests end with ctx.
func NewStreams(ctx context.Context) *Streams { return &Streams{stopping: ctx} }

// Handle cancels the requests of h when the process stops.
func (s *Streams) Handle(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.running.Add(1)
		defer s.running.Done()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(s.stopping, cancel)() //nolint:contextcheck // it ends with the process, not with the request
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Wait returns when all requests have ended.
func (s *Streams) Wait() { s.running.Wait() }
