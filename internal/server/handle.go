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
)

// Handler answers a request or returns an error, which Handle then answers.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Problem is an RFC 9457 problem+json body. Code is stable and meant for programs, Detail for people.
type Problem struct {
	Type   string            `json:"type"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail"`
	Code   task.Code         `json:"code"`
	Errors []task.FieldError `json:"errors,omitempty"`
}

// StatusError is a failure of the request itself rather than of the domain.
type StatusError struct {
	Status int
	Code   task.Code
	Detail string
}

// Error returns the detail.
func (e *StatusError) Error() string { return e.Detail }

var statuses = map[task.Code]int{
	task.CodeInvalid:      http.StatusUnprocessableEntity,
	task.CodeNotFound:     http.StatusNotFound,
	task.CodeConflict:     http.StatusConflict,
	task.CodeUnauthorized: http.StatusUnauthorized,
	task.CodeForbidden:    http.StatusForbidden,
	task.CodePrecondition: http.StatusPreconditionFailed,
	task.CodeRateLimited:  http.StatusTooManyRequests,
	task.CodeUnavailable:  http.StatusServiceUnavailable,
	task.CodeDiskFull:     http.StatusInsufficientStorage,
	// No Retry-After goes with it: a client that obeyed would do twice what was done.
	task.CodeOutcomeUnknown: http.StatusGatewayTimeout,
}

// Handle adapts h: an error becomes a problem+json answer. Only the text of a *task.Error or *StatusError is shown; any
// other is logged, once and here, and answered as internal.
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
	_ = json.NewEncoder(w).Encode(p) // the caller may be gone; nothing to do about it
}

// internalDetail is what a caller is told of a failure that is none of theirs.
const internalDetail = "something went wrong on our side"

// Explain returns what a caller is told of an error, sets the headers that go with it but neither writes nor sets a content
// type, and logs what a person should look at. Status is 0 when the caller is gone and there is nobody to be told.
func Explain(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) Problem {
	p := Problem{Type: "about:blank", Status: http.StatusInternalServerError, Code: task.CodeInternal, Detail: internalDetail}
	if e, ok := errors.AsType[*StatusError](err); ok {
		p.Status, p.Code, p.Detail = e.Status, e.Code, e.Detail
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
	case p.Status == http.StatusServiceUnavailable, p.Code == task.CodeDiskFull:
		// The log has it already, or one line when it began.
	case p.Status >= http.StatusInternalServerError:
		log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="taskmaster"`)
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// Encode answers with a status and v as JSON.
func Encode(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // as above
	return nil
}
