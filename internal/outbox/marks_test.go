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

const markedShard = 3

// hold begins a transaction, which runs begin and commits when the function that is returned is called.
func (b *bench) hold(t testing.TB, begin func(ctx context.Context, tx pgx.Tx) error) (commit func()) {
	t.Helper()
	begun, end, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- b.db.InTx(t.Context(), func(tx pgx.Tx) error {
			// The server would end a transaction that says nothing for long, and on a slow machine tests are long.
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

// pass publishes a user's change and moves the marks past it.
func (b *bench) pass(t *testing.T, r *Relay, user uuid.UUID) {
	t.Helper()
	b.change(t, user, 1)
	r.shards[markedShard].runOnce(t.Context())
	survey(t, r)
	survey(t, r)
	if mark := r.shards[markedShard].mark.Load(); mark == 0 {
		t.Fatal("two surveys have not moved the mark")
	}
}

func survey(t testing.TB, r *Relay) {
	t.Helper()
	if err := r.surveyOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What commits so late that the marks have passed it is found by the next survey, or when its user's next change would
// overtake it, whichever comes first.
func TestWhatCommitsBelowTheMarkComesFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		later int // changes of the same user that commit before the relay looks
	}{{"alone", 0}, {"with later changes", 2}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 0)
			late, other := newUserIn(t, b.db, markedShard), newUserIn(t, b.db, markedShard)
			r := b.relay(b.publish)
			s := r.shards[markedShard]
			commit := b.hold(t, func(ctx context.Context, tx pgx.Tx) error { return appendChange(ctx, tx, late) })
			defer commit()
			b.pass(t, r, other)
			commit()
			b.change(t, late, c.later)
			if c.later == 0 {
				survey(t, r)
				select {
				case <-s.woken:
				default:
					t.Error("the survey has not woken the shard")
				}
			}
			s.runOnce(t.Context())
			wantEach(t, b.events(), []uuid.UUID{late}, 1+c.later, true)
			wantEach(t, b.events(), []uuid.UUID{other}, 1, true)
		})
	}
}

// Replayed events lie below the marks and above; they are taken in order all the same.
func TestReplayAcrossTheMark(t *testing.T) {
	t.Parallel()
	b := newBench(t, 0)
	user := newUserIn(t, b.db, markedShard)
	r := b.relay(b.publish)
	for range 3 {
		b.pass(t, r, user)
	}
	b.change(t, user, 3)
	r.shards[markedShard].runOnce(t.Context())
	err := b.db.InTx(t.Context(), func(tx pgx.Tx) error {
		_, _, err := postgres.Replay(t.Context(), tx, time.Now().Add(-time.Hour), user, 0, 1000, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r.shards[markedShard].runOnce(t.Context())
	wantEach(t, b.events()[:12], []uuid.UUID{user}, 6, true)
	wantEach(t, b.events()[12:], []uuid.UUID{user}, 6, true)
}

// Relays with marks of their own take turns while transactions overlap in every way; nothing is lost, doubled or overtaken.
func TestMarksOfSeveralRelays(t *testing.T) {
	t.Parallel()
	const users, changes, relays = 8, 40, 3
	b := newBenchOn(t, postgrestest.OpenFor(t, users+relays), 0)
	for range users {
		b.users = append(b.users, newUserIn(t, b.db, markedShard))
	}
	ctx, stop := context.WithCancel(t.Context())
	var running, writers sync.WaitGroup
	for range relays {
		r := b.relay(b.publish)
		running.Go(func() {
			for ctx.Err() == nil {
				if err := r.surveyOnce(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				for range 3 {
					r.shards[markedShard].runOnce(ctx)
					r.overflow[markedShard].runOnce(ctx)
				}
			}
		})
	}
	// A transaction commits when another user's next one has begun, so that many lie below a mark by then.
	turn := make(chan struct{})
	for _, user := range b.users {
		writers.Go(func() {
			for range changes {
				err := b.db.InTx(ctx, func(tx pgx.Tx) error {
					err := appendChange(ctx, tx, user)
					select {
					case turn <- struct{}{}:
					case <-turn:
					case <-time.After(20 * time.Millisecond): // the last has nobody to meet
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
	b.awaitNothingPending(t)
	stop()
	running.Wait()
	wantEach(t, b.events(), b.users, changes, true)
}

// While a transaction stays open elsewhere, no entry of a published event can be cleaned out of the index of unpublished
// ones. A claim passes over a few of them at most.
func TestHeldTransactionDoesNotLengthenClaims(t *testing.T) {
	t.Parallel()
	const users, rounds, perRound = 100, 12, 2000 // so few for each user that all have turn 0
	b := newBench(t, 0)
	for range users {
		b.users = append(b.users, newUserIn(t, b.db, markedShard))
	}
	release := b.hold(t, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT pg_current_xact_id(), count(*) FROM outbox`)
		return err
	})
	defer release()
	r := b.relay(b.publish)
	s := r.shards[markedShard]
	for range rounds {
		b.fill(t, perRound)
		b.drain(t, s)
		survey(t, r)
	}
	b.fill(t, perRound)

	if got, least := b.entriesRead(t, 0), rounds*perRound; got < least {
		t.Fatalf("a claim without a mark reads %d entries, want %d or more: the test holds nothing back", got, least)
	}
	if got, most := b.entriesRead(t, s.mark.Load()), 2*perRound+2*batchSize; got > most {
		t.Errorf("a claim reads %d entries of the index, want %d at most", got, most)
	}
	wantEach(t, b.events(), b.users, rounds*perRound/users/2, true)
}

// claimRequest is the request for a batch of markedShard.
func claimRequest(mark int64) postgres.ClaimRequest {
	return postgres.ClaimRequest{Queue: postgres.Queue{Shard: markedShard}, Mark: mark, Topics: event.Topics(), Limit: batchSize}
}

// drain publishes a shard, and its overflow, until nothing is pending.
func (b *bench) drain(t testing.TB, s *shard) {
	t.Helper()
	for b.pending(t) > 0 {
		s.runOnce(t.Context())
		s.overflow.runOnce(t.Context())
	}
}

// entriesRead returns how many entries of the index a claim of a batch reads.
func (b *bench) entriesRead(t testing.TB, mark int64) (n int) {
	t.Helper()
	return b.entriesReadBy(t, claimRequest(mark))
}

// entriesReadBy returns how many entries of the index a claim reads.
func (b *bench) entriesReadBy(t testing.TB, q postgres.ClaimRequest) (n int) {
	t.Helper()
	const query = `SELECT pg_stat_get_xact_tuples_returned('outbox_turns'::regclass)`
	err := b.db.InTx(t.Context(), func(tx pgx.Tx) error {
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
