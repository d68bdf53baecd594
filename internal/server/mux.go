package server

import (
	"log/slog"
	"net/http"
	"strings"

	"taskmaster/internal/task"
)

// WithProblems answers requests without a route with a problem. It answers 405 with an Allow header
// if the path has other methods, and otherwise 404.
func WithProblems(log *slog.Logger, mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		var allowed []string
		for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "" {
				allowed = append(allowed, method)
			}
		}
		if allowed == nil {
			WriteError(w, r, log, task.Errorf(task.CodeNotFound, "there is nothing at %s", r.URL.Path))
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		WriteError(w, r, log, &StatusError{http.StatusMethodNotAllowed, "method_not_allowed", r.Method + " is not one of " + strings.Join(allowed, ", ")})
	})
}
