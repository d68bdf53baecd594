package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/services/event"
	"taskmaster/services/postgres"
	"taskmaster/services/task"
)

const (
	// pageSize is how many changes are read at a time. Whoever reads slowly holds a page in memory, not a connection.
	pageSize = 32
	// readTimeout bounds what a socket asks of the database at a time.
	readTimeout = 5 * time.Second
)

// history reads what users' sockets have missed from the database, a bounded number of reads at a time: a storm of
// reconnecting clients waits here rather than for the connections that other work needs.
type history struct {
	db    *postgres.DB
	turns chan struct{}
	// timeout bounds reading a page, waiting for a turn included.
	timeout time.Duration
}

func newHistory(db *postgres.DB, atOnce int) *history {
	return &history{db, make(chan struct{}, atOnce), readTimeout}
}

// after returns a user's revision and the changes that follow a revision, at most pageSize. Code unavailable when no turn
// came or the database is overloaded, not_found when the user is gone.
func (h *history) after(ctx context.Context, userID uuid.UUID, since int64) (revision int64, changes []event.Event, err error) {
	readCtx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-readCtx.Done():
		return 0, nil, task.Errorf(task.CodeUnavailable, "too many clients are catching up")
	}
	err = h.db.InTx(readCtx, func(tx pgx.Tx) error {
		// The revision comes first: a change that commits in between is then one more than it says, never one that looks lost.
		u, err := postgres.UserByID(readCtx, tx, userID)
		if err != nil {
			return err
		}
		if revision = u.Revision; revision <= since {
			return nil
		}
		changes, err = postgres.Changes(readCtx, tx, userID, since, pageSize)
		return err
	})
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(task.Errorf(task.CodeUnavailable, "the database takes too long"), err)
	}
	return revision, changes, err
}

// replay brings a socket up to date from the database. What cannot be told change by change, because it is kept no
// longer or because the database is older than what the client has seen, becomes a resync.
func (s *socket) replay(ctx context.Context) error {
	for {
		revision, changes, err := s.history.after(ctx, s.userID, s.sent)
		if err != nil {
			return err
		}
		if revision == s.sent {
			return nil
		}
		for _, e := range changes {
			if e.Data.Revision != s.sent+1 {
				break
			}
			m, err := encode(e)
			if err != nil {
				return err
			}
			if err := s.write(ctx, m); err != nil {
				return err
			}
		}
		if len(changes) == 0 || changes[len(changes)-1].Data.Revision != s.sent {
			m, err := encodeResync(revision)
			if err != nil {
				return err
			}
			if err := s.write(ctx, m); err != nil {
				return err
			}
		}
	}
}
