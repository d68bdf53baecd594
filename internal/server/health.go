package server

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"taskmaster/internal/task"
)

// readyTimeout bounds a readiness check.
const readyTimeout = 2 * time.Second

// Healthz answers 200 while the process serves. Caller: kubelet.
func Healthz() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
}

// readiness is the answer of GET /readyz.
type readiness struct {
	// Status is ready or degraded.
	Status string `json:"status"`
	// Problem is the code of a degraded service.
	Problem task.Code `json:"problem,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	// Sidecar is up or away. It is empty for a service without a sidecar.
	Sidecar string `json:"sidecar,omitempty"`
	// Version is the commit that the program was built from, if it is known.
	Version string `json:"version,omitempty"`
}

// Version returns the commit that the program was built from, or "".
func Version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

// Readyz answers 200 if every check passes, and otherwise 503. A sidecar or broker that is away
// does not make a service unready: it can serve, and its events wait. A full disk does not either,
// because reading still works: the answer is then 200 with the status degraded. If the database is
// away because its disk is full, the answer is 503 with the code disk_full.
//
// The body contains the state of the sidecar, for people and for the page /status. sidecar is nil for a
// service without one. Callers: kubelet, web.
func Readyz(log *slog.Logger, sidecar func(context.Context) error, checks ...func(context.Context) error) http.Handler {
	return Handle(log, func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		answer := readiness{Status: "ready", Version: Version()}
		if sidecar != nil {
			answer.Sidecar = "up"
			if sidecar(ctx) != nil {
				answer.Sidecar = "away"
			}
		}
		var unready error
		for _, check := range checks {
			err := check(ctx)
			if task.ErrorCode(err) == task.CodeDiskFull {
				answer.Status, answer.Problem, answer.Detail = "degraded", task.CodeDiskFull, err.Error()
			} else if err != nil {
				unready = err
			}
		}
		switch {
		case unready != nil && answer.Problem == task.CodeDiskFull:
			// PostgreSQL ends when it cannot write its log. The service has logged the full disk already.
			w.Header().Set("Retry-After", "1")
			return &StatusError{http.StatusServiceUnavailable, task.CodeDiskFull, "not ready: " + answer.Detail}
		case unready != nil:
			log.WarnContext(ctx, "not ready", "error", unready)
			return task.RetryLater(task.CodeUnavailable, time.Second, "not ready")
		}
		return Encode(w, http.StatusOK, answer)
	})
}

// FromSidecar refuses all calls except the sidecar's, which carry the app's API token
// (https://docs.dapr.io/operations/security/app-api-token/).
func FromSidecar(log *slog.Logger, token string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Dapr-Api-Token")), []byte(token)) != 1 {
			WriteError(w, r, log, task.Errorf(task.CodeForbidden, "only the sidecar may call this"))
			return
		}
		h.ServeHTTP(w, r)
	})
}
