package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"taskmaster/internal/event"
	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
)

// routes returns the handler of all routes. Each group names its caller.
func (r *recurring) routes() http.Handler {
	mux := http.NewServeMux()
	metrics := r.telemetry.Metrics()
	// pub/sub
	mux.Handle("POST /events/task-events", server.FromSidecar(r.log, r.cfg.AppAPIToken, sidecar.Subscriber(r.log, r.handle)))
	// Prometheus
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	// kubelet
	mux.Handle("GET /healthz", server.Healthz())
	applied := sidecar.NewApplied(r.cfg.DaprHTTPPort, r.cfg.DaprAPIToken, r.log, r.cfg.DaprComponents, event.TopicTasks)
	mux.Handle("GET /readyz", server.Readyz(r.log, applied.Up, applied.Check))
	return r.telemetry.Handler(server.Recover(r.log, server.NewPanics(metrics), mux))
}
