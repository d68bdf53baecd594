package outbox

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

// BenchmarkDrain publishes a backlog of b.N events of 500 users to a broker that does nothing. It
// measures the relay and PostgreSQL. Run it with -benchtime=100000x.
func BenchmarkDrain(b *testing.B) {
	f := newFixture(b, 500)
	for n := b.N; n > 0; n -= 10_000 {
		f.fill(b, min(n, 10_000))
	}
	var taken, calls int
	one := make(chan struct{}, 1)
	all := make(chan struct{})
	r := f.relay(func(_ context.Context, _ string, messages []event.Message) error {
		one <- struct{}{}
		defer func() { <-one }()
		calls++
		before := taken
		if taken += len(messages); before < b.N && taken >= b.N {
			close(all)
		}
		return nil
	})
	b.ResetTimer()
	stop := start(b, r)
	<-all
	stop() // waits until the last events are marked
	b.StopTimer()
	b.ReportMetric(float64(taken)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(taken)/float64(calls), "events/call")
}

// BenchmarkClaim claims a batch behind index entries that an open transaction keeps from being
// cleaned. It runs with the watermark of a full scan and without one.
func BenchmarkClaim(b *testing.B) {
	for _, held := range []int{0, 10_000, 40_000} {
		for _, marked := range []bool{false, true} {
			b.Run(fmt.Sprintf("held=%d/marked=%v", held, marked), func(b *testing.B) {
				f := newFixture(b, 0)
				for range 50 {
					f.users = append(f.users, newUserIn(b, f.db, watermarkShard))
				}
				release := f.hold(b, func(ctx context.Context, tx pgx.Tx) error {
					_, err := tx.Exec(ctx, `SELECT pg_current_xact_id(), count(*) FROM outbox`)
					return err
				})
				defer release()
				r := f.relay(func(context.Context, string, []event.Message) error { return nil })
				s := r.shards[watermarkShard]
				if held > 0 {
					f.fill(b, held)
				}
				f.drain(b, s)
				fullScan(b, r)
				fullScan(b, r)
				f.fill(b, 2*batchSize)
				var watermark int64
				if marked {
					watermark = s.watermark.Load()
				}
				for b.Loop() {
					err := f.db.InTx(b.Context(), func(tx pgx.Tx) error {
						c, _, err := postgres.ClaimQueue(b.Context(), tx, claimRequest(watermark))
						if len(c.Events) != 2*batchSize {
							b.Errorf("got %d events, want %d", len(c.Events), 2*batchSize)
						}
						return err
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
