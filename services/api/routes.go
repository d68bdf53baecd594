package main

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"taskmaster/internal/apiv1/openapi"
	"taskmaster/internal/event/schema"
	"taskmaster/internal/oauth"
	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
)

// route is a pattern of net/http's ServeMux and its handler.
type route struct {
	pattern string
	handler http.Handler
}

// routes returns all routes of api. A comment names the caller of each group.
func (s *service) routes() []route {
	fromSidecar := func(h server.Handler) http.Handler {
		return server.FromSidecar(s.log, s.cfg.AppAPIToken, server.Handle(s.log, h))
	}
	routes := []route{
		// browser, program: without an account
		{"GET /api/v1/openapi.json", server.Handle(s.log, document(openAPIDocument))},
		{"GET /api/v1/openapi-3.0.json", server.Handle(s.log, document(openapi.Document30))},
		{"GET /api/v1/asyncapi.json", server.Handle(s.log, document(schema.AsyncAPI))},
		// OAuth clients
		{"GET " + oauth.ResourceMetadataPath, s.oauthMetadata(resourceMetadata)},
		{"GET " + oauth.ResourceMetadataPath + "/mcp", s.oauthMetadata(resourceMetadata)},
		{"GET " + oauth.ServerMetadataPath, s.oauthMetadata(serverMetadata)},
		{"POST " + oauth.RegisterPath, s.oauthEndpoint(s.registerClient)},
		{"POST " + oauth.TokenPath, s.oauthEndpoint(s.issueToken)},
		{"POST " + oauth.RevokePath, s.oauthEndpoint(s.revokeToken)},
		// the consent page of web, and its form
		{"POST /api/v1/oauth/requests", s.public(s.checkAuthorization)},
		{"POST /api/v1/oauth/decisions", s.requireScope(scopeAccount, s.logged(eventConnect, s.decideAuthorization))},
		// browser: begin and end a session
		{"GET /api/v1/signup", server.Handle(s.log, s.signupMode)},
		{"POST /api/v1/signup", s.public(s.signup)},
		{"POST /api/v1/signup/link", s.public(s.loggedPublic(eventSignupLink, s.askSignupLink))},
		{"POST /api/v1/login", s.public(s.login)},
		{"POST /api/v1/logout", s.public(s.logout)},
		// browser: links of e-mails
		{"POST /api/v1/password/forgot", s.public(s.loggedPublic(eventForgotten, s.forgetPassword))},
		{"POST /api/v1/password/reset", s.public(s.loggedPublic(eventReset, s.resetPassword))},
		{"POST /api/v1/links", s.public(s.loggedPublic(eventLink, s.useLink))},
		// browser, program: with a session or an API token
		{"GET /api/v1/me", s.requireScope(scopeAccount, s.getMe)},
		{"PATCH /api/v1/me", s.requireScope(scopeAccount, s.patchMe)},
		{"DELETE /api/v1/me", s.requireScope(scopeAccount, s.logged(eventDeletion, s.deleteMe))},
		{"POST /api/v1/address/confirmation", s.requireScope(scopeAccount, s.askConfirmation)},
		{"POST /api/v1/address/change", s.requireScope(scopeAccount, s.logged(eventAddress, s.changeAddress))},
		{"DELETE /api/v1/address/change", s.requireScope(scopeAccount, s.keepAddress)},
		{"GET /api/v1/sessions", s.requireScope(scopeAccount, s.listSessions)},
		{"DELETE /api/v1/sessions", s.requireScope(scopeAccount, s.logged(eventSessionEnd, s.endOtherSessions))},
		{"DELETE /api/v1/sessions/{id}", s.requireScope(scopeAccount, s.logged(eventSessionEnd, s.endSession))},
		{"POST /api/v1/tokens", s.requireScope(scopeAccount, s.logged(eventToken, s.createToken))},
		{"GET /api/v1/tokens", s.requireScope(scopeAccount, s.listTokens)},
		{"DELETE /api/v1/tokens/{id}", s.requireScope(scopeAccount, s.logged(eventTokenEnd, s.deleteToken))},
		{"GET /api/v1/connections", s.requireScope(scopeAccount, s.listConnections)},
		{"DELETE /api/v1/connections/{id}", s.requireScope(scopeAccount, s.logged(eventConnectEnd, s.deleteConnection))},
		{"POST /api/v1/tasks", s.requireScope(scopeWrite, s.createTask)},
		{"GET /api/v1/tasks", s.requireScope(scopeRead, s.large(s.listTasks))},
		{"GET /api/v1/tasks/{id}", s.requireScope(scopeRead, s.getTask)},
		{"PATCH /api/v1/tasks/{id}", s.requireScope(scopeWrite, s.patchTask)},
		{"DELETE /api/v1/tasks/{id}", s.requireScope(scopeWrite, s.deleteTask)},
		{"POST /api/v1/tasks/{id}/complete", s.requireScope(scopeWrite, s.completeTask)},
		{"POST /api/v1/tasks/{id}/reopen", s.requireScope(scopeWrite, s.reopenTask)},
		{"POST /api/v1/tasks/{id}/snooze", s.requireScope(scopeWrite, s.snoozeTask)},
		{"POST /api/v1/tasks/{id}/skip", s.requireScope(scopeWrite, s.skipTask)},
		{"GET /api/v1/tasks/{id}/history", s.requireScope(scopeRead, s.large(s.listHistory))},
		{"GET /api/v1/changes", s.requireScope(scopeRead, s.large(s.listChanges))},
		{"GET /api/v1/export", s.requireScope(scopeRead, s.logged(eventExport, s.exportTasks))},
		{"POST /api/v1/import", s.requireScope(scopeWrite, s.importTasks)},
		{"POST /api/v1/channels", s.requireScope(scopeAccount, s.logged(eventChannel, s.createChannel))},
		{"POST /api/v1/channels/renew", s.requireScope(scopeAccount, s.renewChannel)},
		{"GET /api/v1/channels", s.requireScope(scopeAccount, s.listChannels)},
		{"GET /api/v1/channels/{id}", s.requireScope(scopeAccount, s.getChannel)},
		{"PATCH /api/v1/channels/{id}", s.requireScope(scopeAccount, s.logged(eventChannelEdit, s.patchChannel))},
		{"DELETE /api/v1/channels/{id}", s.requireScope(scopeAccount, s.logged(eventChannelEnd, s.deleteChannel))},
		{"POST /api/v1/channels/{id}/test", s.requireScope(scopeAccount, s.testChannel)},
		{"GET /api/v1/push-key", s.requireScope(scopeAccount, s.getPushKey)},
		{"GET /api/v1/deliveries", s.requireScope(scopeRead, s.listDeliveries)},
		{"GET /api/v1/deliveries/{id}", s.requireScope(scopeRead, s.getDelivery)},
		{"POST /api/v1/deliveries/{id}/retry", s.requireScope(scopeAccount, s.retryDelivery)},
		// administrator
		{"GET /api/v1/status", s.requireScope(scopeAccount, s.forAdministrators(s.getStatus))},
		// pub/sub, through the sidecar
		{"POST /events/dead-letters", server.FromSidecar(s.log, s.cfg.AppAPIToken, sidecar.MessageSubscriber(s.log, s.deadLetter))},
		// recurring, by service invocation through the sidecar
		{"POST /internal/occurrences", fromSidecar(s.createOccurrence)},
		// job of the scheduler, through the sidecar
		{"POST /job/{name}", fromSidecar(s.fireJob)},
		// Prometheus
		{"GET /metrics", promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{})},
		// kubelet
		{"GET /healthz", server.Healthz()},
		{"GET /readyz", server.Readyz(s.log, s.sidecarUp(), s.applied.Check, s.idle.LastSeen(s.db.Ping), s.db.CheckDisk)},
	}
	// assistants, whose tools use the routes above
	assistants := s.assistants(handle(routes))
	return append(routes, route{"POST /mcp", assistants}, route{"POST /mcp/{$}", assistants})
}

// sidecarUp returns the check of the sidecar, or nil in tests without one.
func (s *service) sidecarUp() func(context.Context) error {
	if s.applied == nil {
		return nil
	}
	return s.applied.Up
}

// handle returns a mux with routes.
func handle(routes []route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.pattern, r.handler)
	}
	return mux
}

// handler answers every route. It answers any other path with a problem document.
func (s *service) handler() http.Handler {
	return s.telemetry.Handler(server.Recover(s.log, s.panics, server.WithProblems(s.log, handle(s.routes()))))
}
