package main

import (
	"net/http"

	"taskmaster/services/server"
	"taskmaster/services/sidecar"
)

// routes is all that recurring answers.
func (r *recurring) routes() http.Handler {
	mux := http.NewServeMux()
	// pub/sub
	mux.Handle("POST /events/task-events", server.FromSidecar(r.log, r.cfg.AppAPIToken, sidecar.Subscriber(r.log, r.handle)))
	// kubelet
	mux.Handle("GET /healthz", server.Healthz())
	mux.Handle("GET /readyz", server.Readyz(r.log))
	return mux
}
