package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"taskmaster/internal/event"
	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
)

// handler returns the handler of all routes. Each group names its caller.
func (n *notifier) handler() http.Handler {
	mux := http.NewServeMux()
	// pub/sub
	mux.Handle("POST /events/reminders", server.FromSidecar(n.log, n.cfg.AppAPIToken, sidecar.Subscriber(n.log, n.receive)))
	// api, by service invocation through the sidecar: it has queued deliveries
	mux.Handle("POST /internal/deliveries", server.FromSidecar(n.log, n.cfg.AppAPIToken, server.Handle(n.log, n.wake)))
	// kubelet
	mux.Handle("GET /healthz", server.Healthz())
	applied := sidecar.NewApplied(n.cfg.DaprHTTPPort, n.cfg.DaprAPIToken, n.log, n.cfg.DaprComponents, event.TopicReminders)
	mux.Handle("GET /readyz", server.Readyz(n.log, applied.Up, applied.Check, n.idle.LastSeen(n.db.Ping), n.db.CheckDisk))
	// Prometheus
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.registry, promhttp.HandlerOpts{}))
	return n.tel.Handler(server.Recover(n.log, n.panics, mux))
}
