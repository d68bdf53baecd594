package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"taskmaster/internal/account"
	"taskmaster/internal/dialog"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// turnTimeout limits the time of one turn, with all its calls of tools.
const turnTimeout = 30 * time.Second

// chat answers POST /chat: a sentence, or the choice of an offered call. The credentials are those of the caller, and api
// checks them. So does the origin of a page: another site must not send sentences with the cookie of a person.
func (a *assistant) chat(w http.ResponseWriter, r *http.Request) error {
	if err := a.origins.Check(r); err != nil {
		return err
	}
	var req dialog.Request
	if err := server.Decode(w, r, &req); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	began, outcome := time.Now(), "error"
	defer func() { a.answered.WithLabelValues(outcome).Observe(time.Since(began).Seconds()) }()
	out := &stream{w: w, r: r, log: a.log}
	tools := &dialog.Client{HTTP: a.http, URL: "http://api/mcp", Header: a.credentials(r), Host: r.Host, Seen: a.admit(ctx, w)}
	answer, err := dialog.Run(ctx, tools, req, func(step dialog.Step) { out.send(ctx, eventStep, step) })
	switch {
	case r.Context().Err() != nil:
		outcome = "stopped"
		return nil // the person stopped it
	case err != nil:
		return out.fail(ctx, explain(ctx, err))
	}
	outcome = "ok"
	out.send(ctx, eventText, map[string]string{"text": answer.Text})
	out.send(ctx, eventAnswer, answer)
	out.send(ctx, eventEnd, struct{}{})
	return nil
}

// credentials returns the header by which api knows the caller, and the caller's address.
func (a *assistant) credentials(r *http.Request) http.Header {
	header := http.Header{"X-Forwarded-For": {server.ClientAddr(r, a.trusted)}}
	for _, name := range []string{"Authorization", "Cookie", "User-Agent", account.Header} {
		if value := r.Header.Get(name); value != "" {
			header.Set(name, value)
		}
	}
	return header
}

// admit returns a function for the headers of api's answers. The first answer names the user, whose turn is counted, and
// may renew the session.
func (a *assistant) admit(ctx context.Context, w http.ResponseWriter) func(http.Header) error {
	first := true
	return func(header http.Header) error {
		if !first {
			return nil
		}
		first = false
		for _, cookie := range header.Values("Set-Cookie") {
			w.Header().Add("Set-Cookie", cookie)
		}
		telemetry.SetUser(ctx, header.Get(account.Header))
		return a.turns.take(header.Get(account.Header))
	}
}

// explain returns the error of a turn for the caller.
func explain(ctx context.Context, err error) error {
	status, refused := errors.AsType[*dialog.StatusError](err)
	_, isTaskError := errors.AsType[*task.Error](err)
	switch {
	case errors.Is(err, dialog.ErrRequest):
		return &server.StatusError{Status: http.StatusUnprocessableEntity, Code: task.CodeInvalid, Detail: err.Error()}
	case errors.Is(err, errNoUpstream):
		return task.RetryLater(task.CodeUnavailable, time.Second, "the tasks cannot be reached right now, and nothing was changed: try again shortly")
	case refused && status.Status < http.StatusInternalServerError:
		return refusal(status)
	case ctx.Err() != nil:
		return &server.StatusError{Status: http.StatusGatewayTimeout, Code: "gateway_timeout", Detail: "the answer took too long: repeat it, and it is done once"}
	case isTaskError:
		return err
	}
	return errors.Join(errBroken, err)
}

var errBroken = task.Errorf(task.CodeOutcomeUnknown, "the answer broke off: repeat it, and it is done once")

// refusal returns the error of a request that api refused, with the same status.
func refusal(status *dialog.StatusError) error {
	codes := map[int]task.Code{
		http.StatusUnauthorized: task.CodeUnauthorized, http.StatusForbidden: task.CodeForbidden, http.StatusTooManyRequests: task.CodeRateLimited,
	}
	code, ok := codes[status.Status]
	if !ok {
		return &server.StatusError{Status: status.Status, Code: "bad_request", Detail: status.Detail}
	}
	if seconds, err := strconv.Atoi(status.RetryAfter); err == nil {
		return task.RetryLater(code, time.Duration(seconds)*time.Second, "%s", status.Detail)
	}
	return task.Errorf(code, "%s", status.Detail)
}
