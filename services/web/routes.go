package main

import (
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"

	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// handler is all that web answers.
func (w *web) handler() (http.Handler, error) {
	api, err := w.proxy("api", w.cfg.APIURLs)
	if err != nil {
		return nil, err
	}
	live, err := w.proxy("live", w.cfg.LiveURLs)
	if err != nil {
		return nil, err
	}
	assistant, err := w.assistant()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	// browser, programs
	mux.Handle("/api/", w.limited(api))
	mux.Handle("GET /mcp", w.limited(w.stream(api)))
	mux.Handle("/mcp", w.limited(api))
	mux.Handle("GET /live", w.limited(w.stream(live)))
	mux.Handle("/chat", w.limited(assistant))
	mux.Handle("/chat/", w.limited(assistant))
	// browser
	mux.Handle("GET /understand", w.limited(server.Handle(w.log, w.understand)))
	w.pages(mux)
	w.settings(mux)
	w.files(mux)
	// kubelet
	mux.Handle("GET /healthz", server.Healthz())
	mux.Handle("GET /readyz", server.Readyz(w.log))
	recovering := server.Recover(w.log, nil, w.withMissing(mux, server.WithProblems(w.log, mux)))
	return withDeadlines(w.withHeaders(recovering), bodyTimeout, writeTimeout), nil
}

// withMissing tells people, rather than programs, that there is no page at an address.
func (w *web) withMissing(mux *http.ServeMux, h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		if pattern == "" && r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
			w.fail(rw, r, task.Errorf(task.CodeNotFound, "no page is at %s", r.URL.Path))
			return
		}
		h.ServeHTTP(rw, r)
	})
}

// pages are what people see and send from a browser. Forms are refused when another site's page sends them.
func (w *web) pages(mux *http.ServeMux) {
	// anyone
	mux.Handle("GET /{$}", http.RedirectHandler("/today", http.StatusSeeOther))
	mux.Handle("GET /enter", w.answer(w.enter))
	mux.Handle("POST /login", w.anyForm(w.login))
	mux.Handle("POST /signup", w.anyForm(w.signup))
	mux.Handle("POST /logout", w.anyForm(w.logout))
	// who is logged in
	mux.Handle("GET /today", w.page(w.today))
	mux.Handle("GET /upcoming", w.page(w.upcoming))
	mux.Handle("GET /all", w.page(w.all))
	mux.Handle("GET /tag/{tag}", w.page(w.tagged))
	mux.Handle("GET /priority/{priority}", w.page(w.prioritised))
	mux.Handle("GET /done", w.page(w.doneTasks))
	mux.Handle("GET /calendar", w.page(w.calendar))
	mux.Handle("GET /search", w.page(w.search))
	mux.Handle("GET /task/{id}", w.page(w.editor))
	mux.Handle("GET /recurrence", w.fragment(w.recurrencePreview))
	mux.Handle("POST /tasks", w.form(w.addTask))
	mux.Handle("POST /tasks/copy", w.form(w.copyTask))
	mux.Handle("POST /tasks/{id}", w.form(w.saveTask))
	mux.Handle("POST /tasks/{id}/complete", w.form(w.completeTask))
	mux.Handle("POST /tasks/{id}/reopen", w.form(w.reopenTask))
	mux.Handle("POST /tasks/{id}/snooze", w.form(w.snoozeTask))
	mux.Handle("POST /tasks/{id}/postpone", w.form(w.postpone))
	mux.Handle("POST /tasks/{id}/delete", w.form(w.deleteTask))
}

// settings are the pages of the account, and what their forms do.
func (w *web) settings(mux *http.ServeMux) {
	// who is logged in
	mux.Handle("GET /settings/{$}", http.RedirectHandler(accountPath, http.StatusSeeOther))
	mux.Handle("GET /settings/account", w.page(w.accountSettings))
	mux.Handle("POST /settings/account", w.form(w.saveAccount))
	mux.Handle("POST /settings/password", w.form(w.changePassword))
	mux.Handle("POST /settings/sessions/end", w.form(w.endOtherSessions))
	mux.Handle("POST /settings/sessions/{id}/end", w.form(w.endSession))
	mux.Handle("POST /settings/tokens", w.form(w.makeToken))
	mux.Handle("POST /settings/tokens/{id}/delete", w.form(w.deleteToken))
	mux.Handle("POST /settings/delete", w.form(w.deleteAccount))
	mux.Handle("GET /settings/import", w.page(w.importSettings))
	mux.Handle("POST /settings/import", w.upload(w.importTasks))
	mux.Handle("GET /settings/notifications", w.page(w.notificationSettings))
	mux.Handle("POST /settings/channels", w.form(w.addChannel))
	mux.Handle("POST /settings/channels/{id}/{what}", w.form(w.changeChannel))
	mux.Handle("POST /settings/deliveries/{id}/retry", w.form(w.retryDelivery))
}

// files are what pages load. They are compressed; pages are not, since what is compressed together with something secret can
// be guessed from its length.
func (w *web) files(mux *http.ServeMux) {
	mux.Handle("GET /static/{version}/{name...}", gzhttp.GzipHandler(http.HandlerFunc(w.assets.versioned)))
	mux.Handle("GET /favicon.ico", w.assets.file("icon.svg"))
	mux.HandleFunc("GET /sw.js", w.worker)
	// the service worker
	mux.Handle("GET /offline", w.answer(w.offline))
}

func (w *web) assistant() (http.Handler, error) {
	if w.cfg.AssistantURL != "" {
		return w.proxy("assistant", []string{w.cfg.AssistantURL})
	}
	return server.Handle(w.log, func(http.ResponseWriter, *http.Request) error {
		return task.Errorf(task.CodeUnavailable, "the assistant does not run here")
	}), nil
}
