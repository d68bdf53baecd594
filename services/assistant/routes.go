package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"taskmaster/internal/server"
)

// routes returns the handler of all routes. Each group names its caller.
func (a *assistant) routes() http.Handler {
	mux := http.NewServeMux()
	metrics := a.tel.Metrics()
	metrics.MustRegister(a.answered)
	// browser, programs
	mux.Handle("POST /chat", server.Handle(a.log, a.chat))
	mux.Handle("GET /chat/conversations", server.Handle(a.log, a.listConversations))
	mux.Handle("GET /chat/conversations/{id}", server.Handle(a.log, a.getConversation))
	mux.Handle("DELETE /chat/conversations/{id}", server.Handle(a.log, a.deleteConversation))
	// Prometheus
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	// kubelet
	mux.Handle("GET /healthz", server.Healthz())
	mux.Handle("GET /readyz", server.Readyz(a.log, a.applied.Up, a.applied.Check))
	return a.tel.Handler(server.Recover(a.log, server.NewPanics(metrics), server.WithProblems(a.log, mux)))
}
