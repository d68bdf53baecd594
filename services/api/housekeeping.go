package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/delivery"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

const (
	purgeTimeout = 30 * time.Second
	// purgeBatch is how many rows a transaction removes at most.
	purgeBatch = 1000
)

// How long is kept what is over. Events can be replayed and clients catch up that long; the inbox outlives the events,
// so that a replayed one is still known.
const (
	keepEvents          = 7 * 24 * time.Hour
	keepInbox           = 30 * 24 * time.Hour
	keepReminders       = 30 * 24 * time.Hour
	keepDeliveries      = 90 * 24 * time.Hour
	keepDeadLetters     = 30 * 24 * time.Hour // after they were replayed or discarded; those that wait stay
	keepIdempotencyKeys = 24 * time.Hour
	// keepCompletions is how long a completion whose task was deleted waits for its event, which
	// makes the next occurrence. It is far longer than the outbox and the broker keep an event.
	keepCompletions = 90 * 24 * time.Hour
)

// purges are what housekeeping removes: rows older than keep.
var purges = []struct {
	name  string
	keep  time.Duration
	purge func(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error)
}{
	{"outbox", keepEvents, postgres.PurgeOutbox},
	{"inbox", keepInbox, postgres.PurgeInbox},
	{"reminders", keepReminders, postgres.PurgeReminders},
	{"deliveries", keepDeliveries, postgres.PurgeDeliveries},
	{"dead_letters", keepDeadLetters, postgres.PurgeDeadLetters},
	{"idempotency_keys", keepIdempotencyKeys, postgres.PurgeIdempotencyKeys},
	{"completions", keepCompletions, postgres.PurgeCompletions},
	{"sessions", 0, postgres.PurgeSessions},
}

// keepHouse removes expired rows at every interval until ctx ends. Of several replicas one does it at a time.
func keepHouse(ctx context.Context, db *postgres.DB, queue *delivery.Queue, interval time.Duration, log *slog.Logger, clock *cautiousClock) error {
	report := func(ctx context.Context, err error) {
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "housekeeping was cut short", "continues_in", interval, "error", err)
		}
	}
	return every(ctx, interval, report, func(ctx context.Context) error {
		if err := clock.compare(ctx); err != nil {
			return err
		}
		now := clock.now()
		err := expireBrowsers(ctx, db, queue, now)
		removed, purgeErr := purgeOnce(ctx, db, now)
		if len(removed) > 0 {
			log.InfoContext(ctx, "housekeeping removed what is over", "rows", removed)
		}
		return errors.Join(err, purgeErr, remindOfDeadLetters(ctx, db, log))
	})
}

// expireBrowsers disables the push channels of expired sessions and tells their owners.
func expireBrowsers(ctx context.Context, db *postgres.DB, queue *delivery.Queue, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	var users []uuid.UUID
	err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
		users, err = postgres.ExpiredBrowserOwners(ctx, tx, now, purgeBatch) // the others in an hour
		return err
	})
	if err != nil {
		return err
	}
	for _, userID := range users {
		err := db.InTx(ctx, func(tx pgx.Tx) error {
			if _, err := postgres.LockUser(ctx, tx, userID); err != nil {
				return err
			}
			ended, err := postgres.ExpireBrowsers(ctx, tx, userID, now)
			if err != nil {
				return err
			}
			for _, c := range ended {
				if err := queue.TellEnded(ctx, tx, c, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil && task.ErrorCode(err) != task.CodeNotFound { // an account that was deleted meanwhile
			return fmt.Errorf("expire browsers: %w", err)
		}
	}
	return nil
}

// remindOfDeadLetters says that some wait, for only a person can know what is to become of them.
func remindOfDeadLetters(ctx context.Context, db *postgres.DB, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	return db.InTx(ctx, func(tx pgx.Tx) error {
		waiting, err := postgres.CountDeadLetters(ctx, tx, maxDeadLetters)
		if waiting > 0 {
			log.WarnContext(ctx, "dead letters wait to be replayed or discarded; api dead-letters shows them", "waiting", waiting)
		}
		return err
	})
}

// purgeOnce removes all that is over, in batches, and returns how many rows of what. It leaves it to another replica that
// is at it.
func purgeOnce(ctx context.Context, db *postgres.DB, now time.Time) (map[string]int64, error) {
	removed := map[string]int64{}
	for _, p := range purges {
		for more := true; more; {
			n, err := purgeBatchOf(ctx, db, now.Add(-p.keep), p.purge)
			if err != nil {
				return removed, fmt.Errorf("purge %s: %w", p.name, err)
			}
			if n > 0 {
				removed[p.name] += n
			}
			more = n == purgeBatch
		}
	}
	return removed, nil
}

func purgeBatchOf(ctx context.Context, db *postgres.DB, before time.Time, purge func(context.Context, pgx.Tx, time.Time, int) (int64, error)) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		mine, err := postgres.TryHousekeeping(ctx, tx)
		if err != nil || !mine {
			return err
		}
		n, err = purge(ctx, tx, before, purgeBatch)
		return err
	})
	return n, err
}
