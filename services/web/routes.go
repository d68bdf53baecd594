package main

import (
	"net/http"

	"taskmaster/services/server"
	"taskmaster/services/task"
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
	page, err := newPage()
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
	mux.Handle("GET /repeats", w.limited(server.Handle(w.log, w.repeats)))
	mux.Handle("GET /{$}", page.file("index.html"))
	for _, name := range []string{"app.js", "add.js", "api.js", "understood.js", "list.js", "live.js", "style.css", "icon.svg"} {
		mux.Handle("GET /"+name, page.file(name))
	}
	// kubelet
	mux.Handle("GET /healthz", server.Healthz())
	mux.Handle("GET /readyz", server.Readyz(w.log))
	return withDeadlines(w.withHeaders(server.WithProblems(w.log, mux)), bodyTimeout, writeTimeout), nil
}

func (w *web) assistant() (http.Handler, error) {
	if w.cfg.AssistantURL != "" {
		return w.proxy("assistant", []string{w.cfg.AssistantURL})
	}
	return server.Handle(w.log, func(http.ResponseWriter, *http.Request) error {
		return task.Errorf(task.CodeUnavailable, "the assistant does not run here")
	}), nil
}
