package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/postgres"
)

// The history is read for historyTasks tasks at a time, in pages of historyEntries.
const (
	historyTasks   = 100
	historyEntries = 200
)

// exportHistory writes the history of tasks in the order of their ids, the oldest entry first. It
// calls send after every page.
func (s *service) exportHistory(ctx context.Context, out *jsonExporter, userID uuid.UUID, ids []uuid.UUID, send func() error) error {
	for part := range slices.Chunk(ids, historyTasks) {
		var last postgres.HistoryPosition
		for more := true; more; {
			var entries []postgres.TaskHistoryEntry
			err := s.read(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
				entries, err = postgres.HistoryOfTasks(ctx, tx, userID, part, last, historyEntries)
				return err
			})
			if err != nil {
				return err
			}
			for _, e := range entries {
				item := apiv1.HistoryItem{Number: e.Number, At: e.At, Type: e.Type, Detail: e.Detail}
				if err := out.writeHistory(apiv1.ExportedHistory{TaskID: e.TaskID, HistoryItem: item}); err != nil {
					return err
				}
				last = postgres.HistoryPosition{TaskID: e.TaskID, Number: e.Number}
			}
			if err := send(); err != nil {
				return err
			}
			more = len(entries) == historyEntries
		}
	}
	return nil
}

// writeHistory writes an entry. The first one ends the list of tasks.
func (e *jsonExporter) writeHistory(h apiv1.ExportedHistory) error {
	raw, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode history of task %s: %w", h.TaskID, err)
	}
	separator := ",\n"
	if !e.history {
		separator, e.history = "\n],\"history\":[\n", true
	}
	_, _ = e.w.WriteString(separator)
	_, _ = e.w.Write(raw)
	return nil
}
