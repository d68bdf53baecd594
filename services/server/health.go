package server

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"time"

	"taskmaster/services/task"
)

// readyTimeout bounds a readiness check.
const readyTimeout = 2 * time.Second

// Healthz answers 200 as long as the process serves. Caller: kubelet.
func Healthz() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
}

// Readyz answers 200 when every check passes, else 503. A sidecar or broker that is down does not make a service unready:
// it can serve, and what it would publish waits. Caller: kubelet.
func Readyz(log *slog.Logger, checks ...func(context.Context) error) http.Handler {
	return Handle(log, func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		for _, check := range checks {
			if err := check(ctx); err != nil {
				log.WarnContext(ctx, "not ready", "error", err)
				return task.RetryLater(task.CodeUnavailable, time.Second, "not ready")
			}
		}
		w.WriteHeader(http.StatusOK)
		return nil
	})
}

// FromSidecar lets only the sidecar through: calls that show the app's API token (https://docs.dapr.io/operations/security/app-api-token/).
func FromSidecar(log *slog.Logger, token string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Dapr-Api-Token")), []byte(token)) != 1 {
			WriteError(w, r, log, task.Errorf(task.CodeForbidden, "only the sidecar may call this"))
			return
		}
		h.ServeHTTP(w, r)
	})
}
