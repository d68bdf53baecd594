package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"taskmaster/internal/event"
	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
)

// routes returns the handler of all routes. Each group names its caller.
func (l *live) routes() http.Handler {
	mux := http.NewServeMux()
	metrics := l.telemetry.Metrics()
	// browser, programs
	metrics.MustRegister(l.hub.metrics.all...)
	if l.db != nil {
		metrics.MustRegister(l.db.Metrics("requests"))
	}
	mux.Handle("GET /live", server.Handle(l.log, l.open))
	// pub/sub
	mux.Handle("POST /events/task-updates", server.FromSidecar(l.log, l.cfg.AppAPIToken, sidecar.Subscriber(l.log, l.hub.handle)))
	// Prometheus
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	// kubelet
	mux.Handle("GET /healthz", server.Healthz())
	applied := sidecar.NewApplied(l.cfg.DaprHTTPPort, l.cfg.DaprAPIToken, l.log, l.cfg.DaprComponents, event.TopicUpdates)
	mux.Handle("GET /readyz", server.Readyz(l.log, applied.Up, applied.Check, l.idle.LastSeen(l.db.Ping), l.db.CheckDisk))
	return l.telemetry.Handler(server.Recover(l.log, server.NewPanics(metrics), server.WithProblems(l.log, mux)))
}
