package outbox

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

const watermarkShard = 3

// hold runs begin in a transaction that stays open until commit is called.
func (f *fixture) hold(t testing.TB, begin func(ctx context.Context, tx pgx.Tx) error) (commit func()) {
	t.Helper()
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- f.db.InTx(t.Context(), func(tx pgx.Tx) error {
			// The server would end a transaction that is idle for long. Tests on a slow machine are
			// that long.
			if _, err := tx.Exec(t.Context(), `SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
				return err
			}
			err := begin(t.Context(), tx)
			close(begun)
			<-end
			return err
		})
	}()
	<-begun
	return sync.OnceFunc(func() {
		close(end)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// pass publishes a change of a user and moves the watermark past it.
func (f *fixture) pass(t *testing.T, r *Relay, user uuid.UUID) {
	t.Helper()
	f.change(t, user, 1)
	r.shards[watermarkShard].runOnce(t.Context())
	fullScan(t, r)
	fullScan(t, r)
	if watermark := r.shards[watermarkShard].watermark.Load(); watermark == 0 {
		t.Fatal("two full scans have not moved the watermark")
	}
}

func fullScan(t testing.TB, r *Relay) {
	t.Helper()
	if err := r.fullScanOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// An event that commits below the watermark is found by the next full scan. A claim finds it too if
// the next event of its user would overtake it.
func TestEventBelowTheWatermarkComesFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		later int // changes of the same user that commit before the relay claims
	}{{"alone", 0}, {"with later changes", 2}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 0)
			late, other := newUserIn(t, f.db, watermarkShard), newUserIn(t, f.db, watermarkShard)
			r := f.relay(f.publish)
			s := r.shards[watermarkShard]
			commit := f.hold(t, func(ctx context.Context, tx pgx.Tx) error { return appendChange(ctx, tx, late) })
			defer commit()
			f.pass(t, r, other)
			commit()
			f.change(t, late, c.later)
			if c.later == 0 {
				fullScan(t, r)
				select {
				case <-s.woken:
				default:
					t.Error("the full scan has not woken the shard")
				}
			}
			s.runOnce(t.Context())
			wantEach(t, f.events(), []uuid.UUID{late}, 1+c.later, true)
			wantEach(t, f.events(), []uuid.UUID{other}, 1, true)
		})
	}
}

// Replayed events below and above the watermark are published in order.
func TestReplayAcrossTheWatermark(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 0)
	user := newUserIn(t, f.db, watermarkShard)
	r := f.relay(f.publish)
	for range 3 {
		f.pass(t, r, user)
	}
	f.change(t, user, 3)
	r.shards[watermarkShard].runOnce(t.Context())
	err := f.db.InTx(t.Context(), func(tx pgx.Tx) error {
		_, err := postgres.Replay(t.Context(), tx, time.Now().Add(-time.Hour), user)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r.shards[watermarkShard].runOnce(t.Context())
	wantEach(t, f.events()[:12], []uuid.UUID{user}, 6, true)
	wantEach(t, f.events()[12:], []uuid.UUID{user}, 6, true)
}

// Several relays with watermarks of their own compete while transactions overlap. No event is lost,
// published twice or overtaken.
func TestWatermarksOfSeveralRelays(t *testing.T) {
	t.Parallel()
	const users, changes, relays = 8, 40, 3
	f := newFixtureOn(t, postgrestest.OpenFor(t, users+relays), 0)
	for range users {
		f.users = append(f.users, newUserIn(t, f.db, watermarkShard))
	}
	ctx, stop := context.WithCancel(t.Context())
	var running, writers sync.WaitGroup
	for range relays {
		r := f.relay(f.publish)
		running.Go(func() {
			for ctx.Err() == nil {
				if err := r.fullScanOnce(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				for range 3 {
					r.shards[watermarkShard].runOnce(ctx)
					r.overflow[watermarkShard].runOnce(ctx)
				}
			}
		})
	}
	// Each transaction commits after another user's transaction has begun. Many events are below a
	// watermark at that time.
	partner := make(chan struct{})
	for _, user := range f.users {
		writers.Go(func() {
			for range changes {
				err := f.db.InTx(ctx, func(tx pgx.Tx) error {
					err := appendChange(ctx, tx, user)
					select {
					case partner <- struct{}{}:
					case <-partner:
					case <-time.After(20 * time.Millisecond): // the last transaction has no partner
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	f.awaitNothingPending(t)
	stop()
	running.Wait()
	wantEach(t, f.events(), f.users, changes, true)
}

// An open transaction keeps the index entries of published events from being cleaned. A claim still
// reads only a few of them.
func TestHeldTransactionDoesNotLengthenClaims(t *testing.T) {
	t.Parallel()
	const users, rounds, perRound = 200, 12, 2000 // at most MaxAhead per user and topic, so that all events have turn 0
	f := newFixture(t, 0)
	for range users {
		f.users = append(f.users, newUserIn(t, f.db, watermarkShard))
	}
	release := f.hold(t, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT pg_current_xact_id(), count(*) FROM outbox`)
		return err
	})
	defer release()
	r := f.relay(f.publish)
	s := r.shards[watermarkShard]
	for range rounds {
		f.fill(t, perRound)
		f.drain(t, s)
		fullScan(t, r)
	}
	f.fill(t, perRound)

	if got, least := f.entriesRead(t, 0), rounds*perRound; got < least {
		t.Fatalf("a claim without a watermark reads %d entries, want %d or more: the test holds nothing back", got, least)
	}
	if got, most := f.entriesRead(t, s.watermark.Load()), 2*perRound+2*batchSize; got > most {
		t.Errorf("a claim reads %d entries of the index, want %d at most", got, most)
	}
	wantEach(t, f.events(), f.users, rounds*perRound/users/2, true)
}

// claimRequest returns the claim of a batch of watermarkShard.
func claimRequest(watermark int64) postgres.ClaimRequest {
	return postgres.ClaimRequest{Queue: postgres.Queue{Shard: watermarkShard}, Watermark: watermark, Topics: event.Topics(), Limit: batchSize}
}

// drain publishes a shard and its overflow queue until nothing is pending.
func (f *fixture) drain(t testing.TB, s *shard) {
	t.Helper()
	for f.pending(t) > 0 {
		s.runOnce(t.Context())
		s.overflow.runOnce(t.Context())
	}
}

// entriesRead returns how many index entries a claim with a watermark reads.
func (f *fixture) entriesRead(t testing.TB, watermark int64) (n int) {
	t.Helper()
	return f.entriesReadBy(t, claimRequest(watermark))
}

// entriesReadBy returns how many index entries a claim reads.
func (f *fixture) entriesReadBy(t testing.TB, q postgres.ClaimRequest) (n int) {
	t.Helper()
	const query = `SELECT pg_stat_get_xact_tuples_returned('outbox_turns'::regclass)`
	err := f.db.InTx(t.Context(), func(tx pgx.Tx) error {
		var before, after int
		if err := tx.QueryRow(t.Context(), query).Scan(&before); err != nil {
			return err
		}
		if _, _, err := postgres.ClaimQueue(t.Context(), tx, q); err != nil {
			return err
		}
		err := tx.QueryRow(t.Context(), query).Scan(&after)
		n = after - before
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
