package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
)

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
	var more bool
	var user postgres.User
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	// Both reads need one snapshot. Otherwise a change between them looks like a lost one.
	err := s.db.InSnapshot(ctx, func(tx pgx.Tx) (err error) {
		if user, err = postgres.UserByID(ctx, tx, c.UserID); err != nil {
			return err
		}
		events, more, err = postgres.Changes(ctx, tx, c.UserID, since, limit)
		return err
	})
	if err != nil {
		return err
	}
	out := apiv1.ChangePage{Revision: user.Revision, Epoch: user.Epoch}
	out.Items = []apiv1.Change{}
	if out.Resync = (epoch != "" && epoch != user.Epoch) || since > user.Revision || incomplete(events, more, since, user.Revision); out.Resync {
		return server.Encode(w, http.StatusOK, out)
	}
	if more {
		out.NextCursor = strconv.FormatInt(events[len(events)-1].Data.Revision, 10)
	}
	for _, e := range events {
		out.Items = append(out.Items, apiv1.Change{Revision: e.Data.Revision, Type: changeType(e), Task: e.Data.TaskData})
	}
	return server.Encode(w, http.StatusOK, out)
}

// incomplete reports whether events lacks changes between since and revision. If more follow, the
// events may end before revision.
func incomplete(events []event.Event, more bool, since, revision int64) bool {
	last := since
	for _, e := range events {
		if e.Data.Revision != last+1 {
			return true
		}
		last++
	}
	return !more && last < revision
}

// changeType returns task.deleted if the task was deleted, and otherwise task.changed.
func changeType(e event.Event) string {
	if e.Data.Deleted {
		return event.TaskDeleted
	}
	return event.TaskChanged
}
