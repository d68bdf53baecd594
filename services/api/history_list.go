package main

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/history"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// listHistory returns the history of a task, the newest entry first. The last one is the creation.
func (s *service) listHistory(w http.ResponseWriter, r *http.Request, c caller) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	q := newQuery(r.URL.Query(), "cursor", "limit")
	limit := q.limit()
	before := 0
	q.cursor(&before)
	if err := q.err(); err != nil {
		return err
	}
	var t task.Task
	var entries []postgres.HistoryEntry
	var more bool
	err = s.read(r.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		if t, err = postgres.TaskByID(ctx, tx, c.UserID, id); err != nil {
			return err
		}
		entries, more, err = postgres.History(ctx, tx, c.UserID, id, before, limit)
		return err
	})
	if err != nil {
		return err
	}
	items := make([]apiv1.HistoryItem, len(entries), len(entries)+1)
	for i, e := range entries {
		items[i] = apiv1.HistoryItem{Number: e.Number, At: e.At, Type: e.Type, Detail: e.Detail}
	}
	if !more {
		items = append(items, apiv1.HistoryItem{At: t.CreatedAt, Type: history.Created})
	}
	more = more || len(items) > limit
	out, err := pageOf(items[:min(len(items), limit)], more, func(i apiv1.HistoryItem) any { return i.Number })
	if err != nil {
		return err
	}
	return server.Encode(w, http.StatusOK, out)
}
