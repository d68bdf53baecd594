package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
)

// worker serves the service worker. It is at the root because its scope is all pages. The script
// contains the page's version and the paths of the files, so that it changes with them.
func (s *service) worker(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(s.workerScript) // the client may have gone
}

// newWorkerScript prepends the constants that static/sw.js needs. The page version changes the
// script with every change of a template. The browser then fetches the offline page again.
func newWorkerScript(a *assets, page string) ([]byte, error) {
	files := []string{}
	for name := range a.content {
		// The system shows the icons, and the worker does not cache itself.
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

// offline is shown without a network in place of a page that was not loaded before.
func (s *service) offline(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, page{
		Name: "error", Title: "Offline",
		Body: errorView{Text: "There is no connection, and this page was not loaded before. What you loaded is still there."},
	})
}
