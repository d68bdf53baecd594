package main

import (
	"net/http"

	"taskmaster/services/server"
	"taskmaster/services/sidecar"
)

// routes is all that live answers.
func (l *live) routes() http.Handler {
	mux := http.NewServeMux()
	// browser, programs
	mux.Handle("GET /live", server.Handle(l.log, l.open))
	// pub/sub
	mux.Handle("POST /events/task-updates", server.FromSidecar(l.log, l.cfg.AppAPIToken, sidecar.Subscriber(l.log, l.hub.handle)))
	// kubelet
	mux.Handle("GET /healthz", server.Healthz())
	mux.Handle("GET /readyz", server.Readyz(l.log, l.db.Ping))
	return server.WithProblems(l.log, mux)
}
