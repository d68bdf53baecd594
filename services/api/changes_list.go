package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// changeList is the answer to GET /changes. Resync reports that the items are incomplete: changes
// after since are no longer stored, or since is newer than the user's revision or of another epoch.
// The client then has to list its tasks again. NextCursor is the revision to ask with next.
type changeList struct {
	page[changeItem]
	Revision int64 `json:"revision"`
	// Epoch names the history that the revisions belong to. The client sends it together with
	// since.
	Epoch  string `json:"epoch"`
	Resync bool   `json:"resync"`
}

// changeItem is a change in the form that /live sends.
type changeItem struct {
	Revision int64     `json:"revision"`
	Type     string    `json:"type"`
	Task     task.Task `json:"task"`
}

func (s *service) listChanges(w http.ResponseWriter, r *http.Request, c caller) error {
	q := newQuery(r.URL.Query(), "since", "epoch", "limit")
	since, epoch, limit := q.integer("since", 0), q.text("epoch"), q.limit()
	if since < 0 {
		q.fail("since", "is negative")
	}
	if err := q.err(); err != nil {
		return err
	}
	var events []event.Event
	var user postgres.User
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	// Both reads need one snapshot. Otherwise a change between them looks like a lost one.
	err := s.db.InSnapshot(ctx, func(tx pgx.Tx) (err error) {
		if user, err = postgres.UserByID(ctx, tx, c.UserID); err != nil {
			return err
		}
		events, err = postgres.Changes(ctx, tx, c.UserID, since, limit+1)
		return err
	})
	if err != nil {
		return err
	}
	out := changeList{Revision: user.Revision, Epoch: user.Epoch}
	out.Items = []changeItem{}
	if out.Resync = (epoch != "" && epoch != user.Epoch) || since > user.Revision || incomplete(events, limit, since, user.Revision); out.Resync {
		return server.Encode(w, http.StatusOK, out)
	}
	for i, e := range events {
		if i == limit {
			out.NextCursor = strconv.FormatInt(events[i-1].Data.Revision, 10)
			break
		}
		out.Items = append(out.Items, changeItem{e.Data.Revision, changeType(e), e.Data.TaskData})
	}
	return server.Encode(w, http.StatusOK, out)
}

// incomplete reports whether events lacks changes between since and revision. If limit cut the
// events off, there is one more than limit.
func incomplete(events []event.Event, limit int, since, revision int64) bool {
	last := since
	for _, e := range events {
		if e.Data.Revision != last+1 {
			return true
		}
		last++
	}
	return len(events) <= limit && last < revision
}

// changeType returns task.deleted if the task was deleted, and otherwise task.changed.
func changeType(e event.Event) string {
	if e.Data.Deleted {
		return event.TaskDeleted
	}
	return event.TaskChanged
}
