package outbox

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

// BenchmarkDrain publishes a backlog of b.N events, say -benchtime=100000x, of 500 users to nowhere: what is left is the
// relay's own work and PostgreSQL's.
func BenchmarkDrain(bb *testing.B) {
	b := newBench(bb, 500)
	for n := bb.N; n > 0; n -= 10_000 {
		b.fill(bb, min(n, 10_000))
	}
	var taken, calls int
	one := make(chan struct{}, 1)
	all := make(chan struct{})
	r := b.relay(func(_ context.Context, _ string, messages []event.Message) error {
		one <- struct{}{}
		defer func() { <-one }()
		calls++
		before := taken
		if taken += len(messages); before < bb.N && taken >= bb.N {
			close(all)
		}
		return nil
	})
	bb.ResetTimer()
	stop := start(bb, r)
	<-all
	stop() // which ends when the last are marked
	bb.StopTimer()
	bb.ReportMetric(float64(taken)/bb.Elapsed().Seconds(), "events/s")
	bb.ReportMetric(float64(taken)/float64(calls), "events/call")
}

// BenchmarkClaim claims a batch behind entries that cannot be cleaned, because a transaction stays open elsewhere, with the
// mark where surveys put it, and without.
func BenchmarkClaim(bb *testing.B) {
	for _, held := range []int{0, 10_000, 40_000} {
		for _, marked := range []bool{false, true} {
			bb.Run(fmt.Sprintf("held=%d/marked=%v", held, marked), func(bb *testing.B) {
				b := newBench(bb, 0)
				for range 50 {
					b.users = append(b.users, newUserIn(bb, b.db, markedShard))
				}
				release := b.hold(bb, func(ctx context.Context, tx pgx.Tx) error {
					_, err := tx.Exec(ctx, `SELECT pg_current_xact_id(), count(*) FROM outbox`)
					return err
				})
				defer release()
				r := b.relay(func(context.Context, string, []event.Message) error { return nil })
				s := r.shards[markedShard]
				if held > 0 {
					b.fill(bb, held)
				}
				b.drain(bb, s)
				survey(bb, r)
				survey(bb, r)
				b.fill(bb, 2*batchSize)
				var mark int64
				if marked {
					mark = s.mark.Load()
				}
				for bb.Loop() {
					err := b.db.InTx(bb.Context(), func(tx pgx.Tx) error {
						c, _, err := postgres.ClaimQueue(bb.Context(), tx, claimRequest(mark))
						if len(c.Events) != 2*batchSize {
							bb.Errorf("got %d events, want %d", len(c.Events), 2*batchSize)
						}
						return err
					})
					if err != nil {
						bb.Fatal(err)
					}
				}
			})
		}
	}
}
