package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
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

// after returns a user's revision, its epoch, and the changes that follow a revision, at most pageSize. Code unavailable when no turn
// came or the database is overloaded, not_found when the user is gone.
func (h *history) after(ctx context.Context, userID uuid.UUID, since int64) (u postgres.User, changes []event.Event, err error) {
	readCtx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-readCtx.Done():
		return postgres.User{}, nil, task.Errorf(task.CodeUnavailable, "too many clients are catching up")
	}
	err = h.db.InTx(readCtx, func(tx pgx.Tx) error {
		// The revision comes first: a change that commits in between is then one more than it says, never one that looks lost.
		var err error
		if u, err = postgres.UserByID(readCtx, tx, userID); err != nil {
			return err
		}
		if u.Revision <= since {
			return nil
		}
		changes, err = postgres.Changes(readCtx, tx, userID, since, pageSize)
		return err
	})
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(task.Errorf(task.CodeUnavailable, "the database takes too long"), err)
	}
	return u, changes, err
}

// replay brings a socket up to date from the database. Changes that are kept no
// longer become a resync, and so does a restored database.
func (s *socket) replay(ctx context.Context) error {
	for {
		u, changes, err := s.history.after(ctx, s.userID, s.sent)
		if err != nil {
			return err
		}
		restored := u.Epoch != s.epoch
		if s.epoch = u.Epoch; restored {
			changes = nil // they follow another revision than the client's
		} else if u.Revision == s.sent {
			return nil
		}
		if err := s.tell(ctx, u.Revision, changes); err != nil && !errors.Is(err, errRestored) {
			return err
		}
	}
}

// tell sends changes that follow s.sent, and a resync at revision when they are not all.
func (s *socket) tell(ctx context.Context, revision int64, changes []event.Event) error {
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
	if len(changes) > 0 && changes[len(changes)-1].Data.Revision == s.sent {
		return nil
	}
	m, err := encodeResync(revision)
	if err != nil {
		return err
	}
	return s.write(ctx, m)
}
