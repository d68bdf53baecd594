package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"taskmaster/internal/oauth"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/services/web/proxy"
)

// handler returns the handler of all routes.
func (s *service) handler() (http.Handler, error) {
	live, err := s.upstreams("live", s.cfg.LiveURLs)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	// browser, programs
	api := s.limited(proxy.New(s.apis, s.trusted, s.log))
	mux.Handle("/api/", api)
	mux.Handle("GET /api/v1/docs", s.withErrorView(s.docs))
	mux.Handle("GET /mcp", s.streams.Handle(api))
	mux.Handle("/mcp", api)
	mux.Handle("/mcp/{$}", api) // without a redirect, on which clients lose their token
	// OAuth clients
	for _, path := range []string{
		oauth.ResourceMetadataPath, oauth.ResourceMetadataPath + "/mcp", oauth.ServerMetadataPath, oauth.RegisterPath, oauth.TokenPath, oauth.RevokePath,
	} {
		mux.Handle(path, api)
	}
	mux.Handle("GET /live", s.streams.Handle(s.limited(proxy.New(live, s.trusted, s.log))))
	assistant := s.limited(s.assistant())
	mux.Handle("POST /chat", s.chatRoute(assistant))
	mux.Handle("/chat/", assistant)
	// browser
	mux.Handle("GET /understand", s.limited(server.Handle(s.log, s.understand)))
	s.pages(mux)
	s.settings(mux)
	s.files(mux)
	s.wellKnown(mux)
	// kubelet
	mux.Handle("GET /healthz", server.Healthz())
	mux.Handle("GET /readyz", server.Readyz(s.log, nil))
	recovering := s.tel.Handler(server.Recover(s.log, nil, s.withMissing(mux, server.WithProblems(s.log, mux))))
	return proxy.WithDeadlines(proxy.WithHeaders(recovering, s.version, strings.HasPrefix(s.cfg.PublicURL, "https://"))), nil
}

// limited passes on the requests that the rate limits permit.
func (s *service) limited(h http.Handler) http.Handler {
	return server.Handle(s.log, func(w http.ResponseWriter, r *http.Request) error {
		if err := s.limits.Allow(r); err != nil {
			return err
		}
		h.ServeHTTP(w, r)
		return nil
	})
}

// withMissing answers people with a page when there is no route. Programs get a problem.
func (s *service) withMissing(mux *http.ServeMux, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		if pattern == "" && r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
			s.showError(w, r, task.Errorf(task.CodeNotFound, "no page is at %s", r.URL.Path))
			return
		}
		h.ServeHTTP(w, r)
	})
}

// pages adds the routes of the pages and their forms. Forms of other sites are refused.
func (s *service) pages(mux *http.ServeMux) {
	// public
	mux.Handle("GET /{$}", http.RedirectHandler("/today", http.StatusSeeOther))
	mux.Handle("GET /enter", s.withErrorView(s.loginPage))
	mux.Handle("POST /login", s.publicForm(s.login))
	mux.Handle("POST /signup", s.publicForm(s.signup))
	mux.Handle("POST /logout", s.publicForm(s.logout))
	mux.Handle("GET /join", s.withErrorView(s.joinPage))
	mux.Handle("POST /join", s.publicForm(s.join))
	mux.Handle("GET /forgot", s.withErrorView(s.forgotPage))
	mux.Handle("POST /forgot", s.publicForm(s.forget))
	mux.Handle("GET /reset", s.withErrorView(s.resetPage))
	mux.Handle("POST /reset", s.publicForm(s.reset))
	mux.Handle("GET /confirm", s.withErrorView(s.confirmPage))
	mux.Handle("POST /confirm", s.publicForm(s.confirm))
	mux.Handle("GET "+oauth.AuthorizePath, s.withErrorView(s.consent))
	// logged-in users
	mux.Handle("GET /today", s.list(s.today))
	mux.Handle("GET /upcoming", s.list(s.upcoming))
	mux.Handle("GET /all", s.list(s.all))
	mux.Handle("GET /tag/{tag}", s.list(s.tagged))
	mux.Handle("GET /priority/{priority}", s.list(s.prioritised))
	mux.Handle("GET /done", s.list(s.doneTasks))
	mux.Handle("GET /calendar", s.list(s.calendar))
	mux.Handle("GET /search", s.page(s.search))
	mux.Handle("GET /chat", s.page(s.chat))
	mux.Handle("POST /chat/{id}/delete", s.form(s.deleteChat))
	mux.Handle("GET /task/{id}", s.page(s.editor))
	mux.Handle("GET "+statusPath, s.page(s.status)) // administrators
	mux.Handle("GET /recurrence", s.fragment(s.recurrencePreview))
	mux.Handle("POST "+oauth.AuthorizePath, s.form(s.decide))
	mux.Handle("POST /tasks", s.form(s.addTask))
	mux.Handle("POST /tasks/copy", s.form(s.copyTask))
	mux.Handle("POST /tasks/{id}", s.form(s.saveTask))
	mux.Handle("POST /tasks/{id}/complete", s.form(s.completeTask))
	mux.Handle("POST /tasks/{id}/reopen", s.form(s.reopenTask))
	mux.Handle("POST /tasks/{id}/snooze", s.form(s.snoozeTask))
	mux.Handle("POST /tasks/{id}/skip", s.form(s.skipTask))
	mux.Handle("POST /tasks/{id}/postpone", s.form(s.postpone))
	mux.Handle("POST /tasks/{id}/delete", s.form(s.deleteTask))
}

// settings adds the routes of the account's pages and their forms.
func (s *service) settings(mux *http.ServeMux) {
	// logged-in users
	mux.Handle("GET /settings/{$}", http.RedirectHandler(accountPath, http.StatusSeeOther))
	mux.Handle("GET /settings/account", s.page(s.accountSettings))
	mux.Handle("POST /settings/account", s.form(s.saveAccount))
	mux.Handle("POST /settings/address", s.form(s.changeAddress))
	mux.Handle("POST /settings/address/keep", s.form(s.keepAddress))
	mux.Handle("POST /settings/address/confirm", s.form(s.askConfirmation))
	mux.Handle("POST /settings/reminders", s.form(s.saveReminders))
	mux.Handle("POST /settings/password", s.form(s.changePassword))
	mux.Handle("POST /settings/sessions/end", s.form(s.endOtherSessions))
	mux.Handle("POST /settings/sessions/{id}/end", s.form(s.endSession))
	mux.Handle("POST /settings/tokens", s.form(s.makeToken))
	mux.Handle("POST /settings/tokens/{id}/delete", s.form(s.deleteToken))
	mux.Handle("POST /settings/connections/{id}/delete", s.form(s.removeConnection))
	mux.Handle("POST /settings/delete", s.form(s.deleteAccount))
	mux.Handle("GET /settings/import", s.page(s.importSettings))
	mux.Handle("POST /settings/import", s.upload(s.importTasks))
	mux.Handle("GET /settings/notifications", s.page(s.notificationSettings))
	mux.Handle("POST /settings/channels", s.form(s.addChannel))
	mux.Handle("POST /settings/channels/{id}/{what}", s.form(s.changeChannel))
	mux.Handle("POST /settings/deliveries/{id}/retry", s.form(s.retryDelivery))
}

// list adapts a handler of a view of tasks. Its answer is compressed, unless it repeats a text of its
// address: who chooses the text and sees the length of the answer could guess the tasks beside it
// (BREACH). Other pages are not compressed, because some show secrets.
func (s *service) list(h contextHandler) http.Handler {
	plain := s.page(h)
	compressed := gzhttp.GzipHandler(plain)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if repeatsAddress(r) {
			plain.ServeHTTP(w, r)
		} else {
			compressed.ServeHTTP(w, r)
		}
	})
}

// repeatsAddress reports whether the answer to a request may contain a text of its address. The pages
// repeat their address in links. Numbers and dates in it are no text.
func repeatsAddress(r *http.Request) bool {
	for name, values := range r.URL.Query() {
		known := name == "show" || name == "month" || name == "day"
		if !known || len(values) != 1 || len(values[0]) > len(time.DateOnly) || strings.Trim(values[0], "0123456789-") != "" {
			return true
		}
	}
	return r.PathValue("tag") != ""
}

// files adds the static files. They are compressed.
func (s *service) files(mux *http.ServeMux) {
	mux.Handle("GET /static/{version}/{name...}", gzhttp.GzipHandler(http.HandlerFunc(s.assets.versioned)))
	mux.Handle("GET /favicon.ico", s.assets.file("icon.svg"))
	mux.HandleFunc("GET /sw.js", s.worker)
	// the service worker
	mux.Handle("GET /offline", s.withErrorView(s.offline))
}

// assistant forwards to the assistant, if there is one.
func (s *service) assistant() http.Handler {
	if s.chats == nil {
		return server.Handle(s.log, func(http.ResponseWriter, *http.Request) error { return errNoAssistant })
	}
	return proxy.New(s.chats, s.trusted, s.log)
}
