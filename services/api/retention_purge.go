package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/oauth"
	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

const (
	purgeTimeout = 30 * time.Second
	// purgeBatch is the largest number of rows that one transaction deletes. It keeps locks short.
	purgeBatch = 1000
	// removalBatch is the largest number of rows of a large account that one transaction deletes.
	removalBatch = 500
)

// Retention periods. Events can be replayed, and clients can catch up, for eventRetention. The
// inbox keeps ids longer, so that a consumer recognises a replayed event.
const (
	eventRetention       = 7 * 24 * time.Hour
	inboxRetention       = 30 * 24 * time.Hour
	reminderRetention    = 30 * 24 * time.Hour
	deliveryRetention    = 90 * 24 * time.Hour
	deadLetterRetention  = 30 * 24 * time.Hour // after replay or discard; waiting ones stay
	idempotencyRetention = 24 * time.Hour
	// completionRetention is how long a completion of a deleted task waits for its event, which
	// creates the next occurrence. It is far longer than the outbox and the broker keep an event.
	completionRetention = 90 * 24 * time.Hour
	// deviceRetention is how long an unused device is remembered. Browsers keep no cookie longer.
	deviceRetention = 400 * 24 * time.Hour
	// oauthRetention is how long an expired code or token is kept. Its reuse is noticed until then.
	oauthRetention = 24 * time.Hour
	// linkRetention is how long an expired link is kept.
	linkRetention = time.Hour
)

// purges lists the deletions: rows older than keep.
var purges = []struct {
	name  string
	keep  time.Duration
	purge func(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error)
}{
	{"outbox", eventRetention, postgres.PurgeOutbox},
	{"inbox", inboxRetention, postgres.PurgeInbox},
	{"reminders", reminderRetention, postgres.PurgeReminders},
	{"deliveries", deliveryRetention, postgres.PurgeDeliveries},
	{"dead_letters", deadLetterRetention, postgres.PurgeDeadLetters},
	{"idempotency_keys", idempotencyRetention, postgres.PurgeIdempotencyKeys},
	{"completions", completionRetention, postgres.PurgeCompletions},
	{"sessions", 0, postgres.PurgeSessions},
	{"devices", deviceRetention, postgres.PurgeDevices},
	{"links", linkRetention, postgres.PurgeLinks},
	{"oauth_tokens", oauthRetention, postgres.PurgeOAuthTokens},
	{"oauth_grants", oauthRetention, postgres.PurgeOAuthGrants},
	{"oauth_clients", oauth.UnusedClient, postgres.PurgeOAuthClients},
}

// runRetention deletes expired rows at every interval, and after the deletion of an account, until ctx
// is cancelled. While the database sleeps, it waits. Of several replicas, one deletes at a time.
func (s *service) runRetention(ctx context.Context, db *postgres.DB) error {
	ticker := time.NewTicker(s.cfg.RetentionInterval)
	defer ticker.Stop()
	for {
		if err := s.idle.Wait(ctx); err != nil {
			return err
		}
		if err := s.retainOnce(ctx, db); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "retention interrupted", "continues_in", s.cfg.RetentionInterval, "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case <-s.retain:
		}
	}
}

// retainSoon lets runRetention begin.
func (s *service) retainSoon() {
	select {
	case s.retain <- struct{}{}:
	default: // it will begin anyway
	}
}

// retainOnce deletes the rows that are expired now.
func (s *service) retainOnce(ctx context.Context, db *postgres.DB) error {
	if err := s.clock.Compare(ctx); err != nil {
		return err
	}
	now := s.clock.Now()
	err := errors.Join(s.expireBrowsers(ctx, db, now), deleteExpired(ctx, db, now))
	removed, purgeErr := purgeOnce(ctx, db, now)
	if len(removed) > 0 {
		s.log.InfoContext(ctx, "expired rows deleted", "rows", removed)
	}
	return errors.Join(err, purgeErr, foldUsage(ctx, db), logWaitingDeadLetters(ctx, db, s.log))
}

// expireBrowsers disables the push channels of expired sessions and notifies their owners.
func (s *service) expireBrowsers(ctx context.Context, db *postgres.DB, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	var users []uuid.UUID
	err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
		users, err = postgres.ExpiredBrowserOwners(ctx, tx, now, purgeBatch) // the others at the next interval
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
				if err := s.deliveries.NotifyEnded(ctx, tx, c, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil && task.ErrorCode(err) != task.CodeNotFound { // an account that was deleted meanwhile
			return fmt.Errorf("expire browsers: %w", err)
		}
		s.deliveriesQueued()
	}
	return nil
}

// deleteExpired deletes the accounts that were made for a short time, and the rows of closed accounts.
func deleteExpired(ctx context.Context, db *postgres.DB, now time.Time) error {
	reading, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	var users []uuid.UUID
	err := db.InTx(reading, func(tx pgx.Tx) (err error) {
		users, err = postgres.ExpiredUsers(reading, tx, now, purgeBatch) // the others at the next interval
		return err
	})
	if err != nil {
		return err
	}
	for _, userID := range users {
		err := removeAccount(ctx, db, userID, now)
		if err != nil && task.ErrorCode(err) != task.CodeNotFound { // deleted meanwhile
			return fmt.Errorf("delete expired account: %w", err)
		}
	}
	return nil
}

// deleteLocked deletes an account that the transaction has locked to delete. If it is large, it is only
// closed, and removeAccount removes its rows.
func deleteLocked(ctx context.Context, tx pgx.Tx, userID uuid.UUID, now time.Time) (closed bool, err error) {
	large, err := postgres.IsLarge(ctx, tx, userID, purgeBatch)
	if err != nil {
		return false, err
	}
	if large {
		return true, postgres.CloseAccount(ctx, tx, userID, now)
	}
	return false, postgres.DeleteUser(ctx, tx, userID)
}

// removeAccount deletes an account with all its data. A large one takes many short transactions, and
// the next call goes on after an interruption.
func removeAccount(ctx context.Context, db *postgres.DB, userID uuid.UUID, now time.Time) error {
	inTx := func(f func(ctx context.Context, tx pgx.Tx) error) error {
		ctx, cancel := context.WithTimeout(ctx, purgeTimeout)
		defer cancel()
		return db.InTx(ctx, func(tx pgx.Tx) error { return f(ctx, tx) })
	}
	closed := true
	err := inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := postgres.LockUserToDelete(ctx, tx, userID)
		if task.ErrorCode(err) == task.CodeNotFound { // closed before
			return nil
		}
		if err == nil {
			closed, err = deleteLocked(ctx, tx, userID, now)
		}
		return err
	})
	if err != nil || !closed {
		return err
	}
	for removed := int64(1); removed > 0; {
		err := inTx(func(ctx context.Context, tx pgx.Tx) (err error) {
			removed, err = postgres.RemoveRows(ctx, tx, userID, removalBatch)
			return err
		})
		if err != nil {
			return err
		}
	}
	return inTx(func(ctx context.Context, tx pgx.Tx) error { return postgres.DeleteUser(ctx, tx, userID) })
}

// logWaitingDeadLetters logs that dead letters are waiting, because only a person can decide about
// them.
func logWaitingDeadLetters(ctx context.Context, db *postgres.DB, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	return db.InTx(ctx, func(tx pgx.Tx) error {
		waiting, err := postgres.CountDeadLetters(ctx, tx, maxDeadLetters)
		if waiting > 0 {
			log.WarnContext(ctx, "dead letters waiting; api dead-letters shows them", "waiting", waiting)
		}
		return err
	})
}

// purgeOnce deletes all expired rows in batches and returns their numbers by name. It deletes
// nothing while another replica is purging.
func purgeOnce(ctx context.Context, db *postgres.DB, now time.Time) (map[string]int64, error) {
	removed := map[string]int64{}
	for _, p := range purges {
		for more := true; more; {
			n, err := purgeInBatch(ctx, db, now.Add(-p.keep), p.purge)
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

// foldUsage adds the waiting changes of usage to the accounts' rows. Without it, those of an account
// that changes nothing would grow until its next change.
func foldUsage(ctx context.Context, db *postgres.DB) error {
	for more := true; more; {
		n, err := purgeInBatch(ctx, db, time.Time{}, func(ctx context.Context, tx pgx.Tx, _ time.Time, limit int) (int64, error) {
			return postgres.FoldUsage(ctx, tx, limit)
		})
		if err != nil {
			return err
		}
		more = n == purgeBatch
	}
	return nil
}

func purgeInBatch(ctx context.Context, db *postgres.DB, before time.Time, purge func(context.Context, pgx.Tx, time.Time, int) (int64, error)) (n int64, err error) {
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
