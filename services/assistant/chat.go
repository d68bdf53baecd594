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
	from, kept, language := &caller{}, false, languageOf(r)
	answer, err := dialog.Run(ctx, a.tools(r, from), req, func(step dialog.Step) { out.send(ctx, eventStep, step) },
		func(spoken string) (err error) {
			from.renew(w)
			telemetry.SetUser(ctx, from.user)
			language = spoken
			kept, err = a.begin(ctx, from.user, req, language)
			return err
		})
	if kept && err == nil { // also if the person has stopped reading: the tasks are changed
		answer.Conversation = a.keep(context.WithoutCancel(ctx), from.user, req, answer)
	}
	switch {
	case r.Context().Err() != nil:
		outcome = "stopped"
		return nil // the person stopped it
	case err != nil:
		return out.fail(ctx, explain(ctx, err, language))
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

// tools returns the tools of api with the rights of the sender of a request. from gets the sender.
func (a *assistant) tools(r *http.Request, from *caller) *dialog.Client {
	return &dialog.Client{HTTP: a.http, URL: "http://api/mcp", Header: a.credentials(r), Host: r.Host, Seen: from.seen}
}

// explain returns the error of a turn for the caller, in a language.
func explain(ctx context.Context, err error, language string) error {
	status, refused := errors.AsType[*dialog.StatusError](err)
	_, isTaskError := errors.AsType[*task.Error](err)
	switch {
	case errors.Is(err, dialog.ErrRequest):
		return &server.StatusError{Status: http.StatusUnprocessableEntity, Code: task.CodeInvalid, Detail: err.Error()}
	case errors.Is(err, errNoUpstream):
		return task.RetryLater(task.CodeUnavailable, time.Second, "%s", dialog.TroubleAway.Text(language))
	case refused && status.Status < http.StatusInternalServerError:
		return refusal(status)
	case ctx.Err() != nil:
		return &server.StatusError{Status: http.StatusGatewayTimeout, Code: "gateway_timeout", Detail: dialog.TroubleSlow.Text(language)}
	case isTaskError:
		return err
	}
	return errors.Join(task.Errorf(task.CodeOutcomeUnknown, "%s", dialog.TroubleBroken.Text(language)), err)
}

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
