package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
)

// worker is the service worker, at the root since it serves all pages. It is given the version of the page's files and
// where they are, so that it is another one when they are.
func (w *web) worker(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-cache")
	_, _ = rw.Write(w.workerScript) // the browser may be gone
}

// newWorkerScript puts before static/sw.js what it needs to know. The version of the pages makes it another script, which keeps
// another page for when there is no network.
func newWorkerScript(a *assets, page string) ([]byte, error) {
	files := []string{}
	for name := range a.content {
		// Icons are the system's to show, and the worker has no use for itself.
		if path.Ext(name) != ".png" && name != "sw.js" {
			files = append(files, "/static/"+a.version+"/"+name)
		}
	}
	slices.Sort(files)
	raw, err := json.Marshal(files)
	if err != nil {
		return nil, fmt.Errorf("list the page's files: %w", err)
	}
	return fmt.Appendf(nil, "const version = %q; // pages: %s\nconst files = %s;\n%s", a.version, page, raw, a.content["sw.js"]), nil
}

// offline is the page that is shown of what was not loaded when there is no network.
func (w *web) offline(rw http.ResponseWriter, r *http.Request) error {
	return w.show(rw, r, http.StatusOK, page{
		Name: "problem", Title: "Offline",
		Body: told{Text: "There is no connection, and this page was not loaded before. What you loaded is still there."},
	})
}
