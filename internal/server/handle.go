package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// Handler answers a request or returns an error. Handle answers the error.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Problem is an RFC 9457 problem+json body. Code is stable and meant for programs. Detail is meant
// for people.
type Problem struct {
	Type   string            `json:"type"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail"`
	Code   task.Code         `json:"code"`
	Errors []task.FieldError `json:"errors,omitempty"`
	// RequestID is the id of the request in the log.
	RequestID string `json:"request_id,omitempty"`
}

// StatusError is a failure of the HTTP request itself, not of the domain.
type StatusError struct {
	Status int
	Code   task.Code
	Detail string
}

// Error returns the detail.
func (e *StatusError) Error() string { return e.Detail }

// HasStatus reports whether a code has a status. Other codes are those of a StatusError.
func HasStatus(code task.Code) bool {
	_, ok := statuses[code]
	return ok
}

var statuses = map[task.Code]int{
	task.CodeInvalid:       http.StatusUnprocessableEntity,
	task.CodeNotFound:      http.StatusNotFound,
	task.CodeConflict:      http.StatusConflict,
	task.CodeUnauthorized:  http.StatusUnauthorized,
	task.CodeForbidden:     http.StatusForbidden,
	task.CodePrecondition:  http.StatusPreconditionFailed,
	task.CodeRateLimited:   http.StatusTooManyRequests,
	task.CodeUnavailable:   http.StatusServiceUnavailable,
	task.CodeDiskFull:      http.StatusInsufficientStorage,
	task.CodeQuotaExceeded: http.StatusInsufficientStorage,
	// No Retry-After: a client that obeyed it could repeat a change that was made.
	task.CodeOutcomeUnknown: http.StatusGatewayTimeout,
}

// Handle adapts h to an http.Handler. It turns an error into a problem+json answer. The caller sees
// only the text of a *task.Error or *StatusError. Any other error is logged, once and here, and
// answered as internal.
func Handle(log *slog.Logger, h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			WriteError(w, r, log, err)
		}
	})
}

// WriteError answers a request with an error.
func WriteError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	p := Explain(w, r, log, err)
	if p.Status == 0 {
		return
	}
	writeProblem(w, p)
}

func writeProblem(w http.ResponseWriter, p Problem) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may be gone
}

// internalDetail is the detail of a failure that the caller did not cause.
const internalDetail = "something went wrong on our side"

// unreadableDetail is the detail of a read that fails because the disk is full.
const unreadableDetail = "the server's disk is full, this cannot be read until there is room"

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// Explain returns the problem for an error and logs the error if a person should see it. It sets
// the headers of the problem, but neither writes the answer nor sets a content type. Status is 0 if
// the caller is gone.
func Explain(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) Problem {
	p := Problem{
		Type: "about:blank", Status: http.StatusInternalServerError, Code: task.CodeInternal, Detail: internalDetail,
		RequestID: telemetry.RequestID(r.Context()),
	}
	if e, ok := errors.AsType[*StatusError](err); ok {
		p.Status, p.Code, p.Detail = e.Status, e.Code, e.Detail
	} else if task.ErrorCode(err) == task.CodeDiskFull && isRead(r) {
		// A read saves nothing. The database has ended, or has no room for a sort.
		p.Status, p.Code, p.Detail = http.StatusServiceUnavailable, task.CodeUnavailable, unreadableDetail
		w.Header().Set("Retry-After", "1")
	} else if e, ok := errors.AsType[*task.Error](err); ok {
		p.Code, p.Detail, p.Errors = e.Code, e.Message, e.Fields
		if status, known := statuses[e.Code]; known {
			p.Status = status
		}
		if e.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
		}
	} else if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return Problem{} // the caller is gone
	} else if errors.Is(err, context.DeadlineExceeded) {
		p.Status, p.Code, p.Detail = http.StatusServiceUnavailable, task.CodeUnavailable, "this took too long, try again shortly"
		w.Header().Set("Retry-After", "1")
		log.WarnContext(r.Context(), "request timed out", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	switch {
	case p.Status == http.StatusServiceUnavailable, p.Status == http.StatusInsufficientStorage:
		// The error is in the log already, one line was logged when it began, or only the account is full.
	case p.Status >= http.StatusInternalServerError:
		log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if p.Status == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="taskmaster"`)
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// Encode writes a status and v as JSON.
func Encode(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the caller may be gone
	return nil
}
