package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"sync"
)

// reloader serves the pages from a folder and reads it for each request. It is for development: an
// edit of a template, a style or a script shows on the next reload.
type reloader struct {
	// service is copied for each version of the files.
	service service
	files   fs.FS

	mu      sync.Mutex
	version string
	handler http.Handler
}

// ServeHTTP answers with the present files. An error in a template is shown as text.
func (l *reloader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, err := l.present()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	handler.ServeHTTP(w, r)
}

// present returns the handler of the present files. It is built again when a file has changed.
func (l *reloader) present() (http.Handler, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.service
	if err := next.loadPages(l.files); err != nil {
		return nil, fmt.Errorf("load pages: %w", err)
	}
	if next.version == l.version {
		return l.handler, nil
	}
	handler, err := next.handler()
	if err != nil {
		return nil, err
	}
	l.version, l.handler = next.version, handler
	return handler, nil
}
