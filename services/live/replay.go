package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/semaphore"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

const (
	// pageSize is the number of changes per read. A slow reader holds one page in memory and no
	// connection.
	pageSize = 32
	// readTimeout bounds one database read of a socket.
	readTimeout = 5 * time.Second
)

// history reads missed changes of users from the database, with a limit on concurrent reads.
// Without the limit, many reconnecting clients would take the connections that other work needs.
type history struct {
	db    *postgres.DB
	reads *semaphore.Weighted
	// timeout bounds the reading of a page, including the wait for a slot.
	timeout time.Duration
}

func newHistory(db *postgres.DB, atOnce int) *history {
	return &history{db, semaphore.NewWeighted(int64(atOnce)), readTimeout}
}

// after returns a user's revision and epoch, and up to pageSize changes after a revision. It
// returns code unavailable if it gets no slot or the database is overloaded. It returns not_found
// if the user was deleted.
func (h *history) after(ctx context.Context, userID uuid.UUID, since int64) (u postgres.User, changes []event.Event, err error) {
	readCtx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	if err := h.reads.Acquire(readCtx, 1); err != nil {
		return postgres.User{}, nil, task.Errorf(task.CodeUnavailable, "too many clients are catching up")
	}
	defer h.reads.Release(1)
	err = h.db.InTx(readCtx, func(tx pgx.Tx) error {
		// The revision comes first. A change that commits in between is then one more than the
		// revision. In the other order a change would look lost.
		var err error
		if u, err = postgres.UserByID(readCtx, tx, userID); err != nil {
			return err
		}
		if u.Revision <= since {
			return nil
		}
		changes, _, err = postgres.Changes(readCtx, tx, userID, since, pageSize)
		return err
	})
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(task.Errorf(task.CodeUnavailable, "the database takes too long"), err)
	}
	return u, changes, err
}

// replay brings a socket up to date from the database. Removed changes and a restored database
// become a resync.
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
		if err := s.sendChanges(ctx, u.Revision, changes); err != nil && !errors.Is(err, errRestored) {
			return err
		}
	}
}

// sendChanges sends the changes after s.sent. If some are missing it sends a resync at revision.
func (s *socket) sendChanges(ctx context.Context, revision int64, changes []event.Event) error {
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
	s.hub.metrics.resyncs.Inc()
	return s.write(ctx, m)
}
