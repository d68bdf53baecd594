package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1"
	"taskmaster/internal/conversation"
	"taskmaster/internal/dialog"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// caller is the user of a request, as api knows it.
type caller struct {
	user   string
	scopes []string
	header http.Header // the cookies that api has set
}

func (c *caller) seen(header http.Header) {
	c.user, c.scopes = header.Get(account.Header), strings.Fields(header.Get(account.ScopesHeader))
	if c.header == nil { // the first answer may renew the session
		c.header = http.Header{"Set-Cookie": header.Values("Set-Cookie")}
	}
}

// renew passes the cookies of api on.
func (c *caller) renew(w http.ResponseWriter) {
	for _, cookie := range c.header["Set-Cookie"] {
		w.Header().Add("Set-Cookie", cookie)
	}
	c.header = http.Header{}
}

// identify asks api for the caller. It refuses a caller without the scope.
func (a *assistant) identify(w http.ResponseWriter, r *http.Request, scope string) (*caller, error) {
	if err := a.origins.Check(r); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), turnTimeout)
	defer cancel()
	c := &caller{}
	err := a.tools(r, c).Ping(ctx)
	switch {
	case err != nil:
		return nil, explain(ctx, err, languageOf(r))
	case !slices.Contains(c.scopes, scope):
		return nil, task.Errorf(task.CodeForbidden, "the token lacks the scope %s", scope)
	}
	c.renew(w)
	return c, nil
}

// listConversations answers with the caller's conversations. The one that changed last comes first.
func (a *assistant) listConversations(w http.ResponseWriter, r *http.Request) error {
	c, err := a.identify(w, r, account.ScopeTasksRead)
	if err != nil {
		return err
	}
	list, err := a.history.List(r.Context(), c.user)
	if err != nil {
		return a.historyError(r, err)
	}
	w.Header().Set("Cache-Control", "no-store")
	return server.Encode(w, http.StatusOK, apiv1.Page[apiv1.ConversationItem]{Items: list})
}

// getConversation answers with a conversation and its turns.
func (a *assistant) getConversation(w http.ResponseWriter, r *http.Request) error {
	c, err := a.identify(w, r, account.ScopeTasksRead)
	if err != nil {
		return err
	}
	found, err := a.history.Get(r.Context(), c.user, r.PathValue("id"))
	if err != nil {
		return a.historyError(r, err)
	}
	w.Header().Set("Cache-Control", "no-store")
	return server.Encode(w, http.StatusOK, found)
}

// deleteConversation deletes a conversation.
func (a *assistant) deleteConversation(w http.ResponseWriter, r *http.Request) error {
	c, err := a.identify(w, r, account.ScopeTasksWrite)
	if err != nil {
		return err
	}
	if err := a.history.Delete(r.Context(), c.user, r.PathValue("id")); err != nil {
		return a.historyError(r, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// historyError returns the error of the state store for the caller.
func (a *assistant) historyError(r *http.Request, err error) error {
	if errors.Is(err, conversation.ErrNotFound) {
		return notFound(languageOf(r))
	}
	a.lost(r.Context(), err)
	return task.RetryLater(task.CodeUnavailable, time.Second, "the conversations cannot be reached right now: try again shortly")
}

func notFound(language string) error {
	return task.Errorf(task.CodeNotFound, "%s", dialog.TroubleForgotten.Text(language))
}

// lost logs that the state store is away, once until it is back.
func (a *assistant) lost(ctx context.Context, err error) {
	if ctx.Err() == nil && a.degraded.CompareAndSwap(false, true) {
		a.log.WarnContext(ctx, "conversations are not kept", "error", err)
	}
}

func (a *assistant) back(ctx context.Context) {
	if a.degraded.CompareAndSwap(true, false) {
		a.log.InfoContext(ctx, "conversations are kept again")
	}
}

// begin counts the turn, and reports whether it can be kept. Without the state store the turn goes on.
func (a *assistant) begin(ctx context.Context, user string, req dialog.Request, language string) (kept bool, err error) {
	err = a.history.Begin(ctx, user, req.Conversation, a.cfg.TurnsPerDay)
	known := errors.Is(err, conversation.ErrLimit) || errors.Is(err, conversation.ErrNotFound)
	if kept = err == nil || known; kept {
		a.back(ctx)
	} else {
		a.lost(ctx, err)
		err = a.turns.take(user)
	}
	switch {
	case errors.Is(err, conversation.ErrNotFound):
		return kept, notFound(language)
	case errors.Is(err, conversation.ErrLimit):
		now := a.now().UTC()
		tomorrow := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
		return kept, task.RetryLater(task.CodeRateLimited, tomorrow.Sub(now), "%s", dialog.TroubleLimit.Text(language, a.cfg.TurnsPerDay))
	}
	return kept, err
}

// keep adds the turn to its conversation and returns the id of it, or "" if it is not kept.
func (a *assistant) keep(ctx context.Context, user string, req dialog.Request, answer dialog.Answer) string {
	id := cmp.Or(req.Conversation, conversation.IDOf(user, req.ID))
	turn := apiv1.ConversationTurn{ID: req.ID, At: a.now().UTC(), Said: cmp.Or(strings.TrimSpace(req.Sentence), strings.TrimSpace(req.Label)), Text: answer.Text}
	if req.Call != nil {
		turn.Said = cmp.Or(strings.TrimSpace(req.Label), req.Call.Tool)
	}
	for _, t := range answer.Tasks {
		turn.Tasks = append(turn.Tasks, apiv1.ConversationTask{ID: t.ID, Title: t.Title, Deleted: t.Deleted})
	}
	err := a.history.Add(ctx, user, id, req.Conversation == "", turn)
	switch {
	case errors.Is(err, conversation.ErrNotFound): // it was deleted meanwhile
		return ""
	case err != nil:
		a.lost(ctx, err)
		return ""
	}
	return id
}

// languageOf returns the language that the caller's program prefers, for errors before the account is known.
func languageOf(r *http.Request) string {
	language, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	language, _, _ = strings.Cut(strings.TrimSpace(language), "-")
	return strings.ToLower(language)
}
