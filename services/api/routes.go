package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
)

// route is a pattern of net/http's ServeMux and what answers it.
type route struct {
	pattern string
	handler http.Handler
}

// routes is all that api answers, and says of each who calls.
func (a *api) routes() []route {
	fromSidecar := func(h server.Handler) http.Handler {
		return server.FromSidecar(a.log, a.cfg.AppAPIToken, server.Handle(a.log, h))
	}
	return []route{
		// anyone
		{"GET /api/v1/openapi.json", server.Handle(a.log, openAPIDocument())},
		// browser
		{"POST /api/v1/signup", a.anyone(a.signup)},
		{"POST /api/v1/login", a.anyone(a.login)},
		{"POST /api/v1/logout", a.anyone(a.logout)},
		// browser, programs
		{"GET /api/v1/me", a.as(scopeAccount, a.getMe)},
		{"PATCH /api/v1/me", a.as(scopeAccount, a.patchMe)},
		{"DELETE /api/v1/me", a.as(scopeAccount, a.deleteMe)},
		{"GET /api/v1/sessions", a.as(scopeAccount, a.listSessions)},
		{"DELETE /api/v1/sessions", a.as(scopeAccount, a.endOtherSessions)},
		{"DELETE /api/v1/sessions/{id}", a.as(scopeAccount, a.endSession)},
		{"POST /api/v1/tokens", a.as(scopeAccount, a.createToken)},
		{"GET /api/v1/tokens", a.as(scopeAccount, a.listTokens)},
		{"DELETE /api/v1/tokens/{id}", a.as(scopeAccount, a.deleteToken)},
		{"POST /api/v1/tasks", a.as(scopeWrite, a.createTask)},
		{"GET /api/v1/tasks", a.as(scopeRead, a.listTasks)},
		{"GET /api/v1/tasks/{id}", a.as(scopeRead, a.getTask)},
		{"PATCH /api/v1/tasks/{id}", a.as(scopeWrite, a.patchTask)},
		{"DELETE /api/v1/tasks/{id}", a.as(scopeWrite, a.deleteTask)},
		{"POST /api/v1/tasks/{id}/complete", a.as(scopeWrite, a.completeTask)},
		{"POST /api/v1/tasks/{id}/reopen", a.as(scopeWrite, a.reopenTask)},
		{"POST /api/v1/tasks/{id}/snooze", a.as(scopeWrite, a.snoozeTask)},
		{"GET /api/v1/tasks/{id}/history", a.as(scopeRead, a.listHistory)},
		{"GET /api/v1/changes", a.as(scopeRead, a.listChanges)},
		{"GET /api/v1/export", a.as(scopeRead, a.exportTasks)},
		{"POST /api/v1/import", a.as(scopeWrite, a.importTasks)},
		{"POST /api/v1/channels", a.as(scopeAccount, a.createChannel)},
		{"POST /api/v1/channels/renew", a.as(scopeAccount, a.renewChannel)},
		{"GET /api/v1/channels", a.as(scopeAccount, a.listChannels)},
		{"GET /api/v1/channels/{id}", a.as(scopeAccount, a.getChannel)},
		{"PATCH /api/v1/channels/{id}", a.as(scopeAccount, a.patchChannel)},
		{"DELETE /api/v1/channels/{id}", a.as(scopeAccount, a.deleteChannel)},
		{"POST /api/v1/channels/{id}/test", a.as(scopeAccount, a.testChannel)},
		{"GET /api/v1/push-key", a.as(scopeAccount, a.getPushKey)},
		{"GET /api/v1/deliveries", a.as(scopeRead, a.listDeliveries)},
		{"GET /api/v1/deliveries/{id}", a.as(scopeRead, a.getDelivery)},
		{"POST /api/v1/deliveries/{id}/retry", a.as(scopeAccount, a.retryDelivery)},
		// pub/sub
		{"POST /events/dead-letters", server.FromSidecar(a.log, a.cfg.AppAPIToken, sidecar.MessageSubscriber(a.log, a.deadLetter))},
		// recurring, by invocation
		{"POST /internal/occurrences", fromSidecar(a.createOccurrence)},
		// job
		{"POST /job/{name}", fromSidecar(a.fireJob)},
		// Prometheus
		{"GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{})},
		// kubelet
		{"GET /healthz", server.Healthz()},
		{"GET /readyz", server.Readyz(a.log, a.db.Ping, a.db.CheckDisk)},
	}
}

// handler answers every route, and any other path with a problem.
func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.Handle(r.pattern, r.handler)
	}
	return server.Recover(a.log, a.panics, server.WithProblems(a.log, mux))
}
