package outbox

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

// waitShard is the shard of every user of these tests: nobody is spared by being elsewhere.
const waitShard = 6

// slowly publishes to the test's broker by calls that take some time, as those of a sidecar do.
func (b *bench) slowly(call time.Duration) Publish {
	return func(ctx context.Context, topic string, messages []event.Message) error {
		time.Sleep(call)
		return b.publish(ctx, topic, messages)
	}
}

// crowd makes users of waitShard, who all import or change something beside the user that is returned.
func (b *bench) crowd(t testing.TB, n int) (other uuid.UUID) {
	t.Helper()
	for range n {
		b.users = append(b.users, newUserIn(t, b.db, waitShard))
	}
	return newUserIn(t, b.db, waitShard)
}

// importAll commits an import for each user of the bench, of n events each.
func (b *bench) importAll(t testing.TB, n int) {
	t.Helper()
	everybody := b.users
	for _, user := range everybody {
		b.users = []uuid.UUID{user}
		b.fill(t, n)
	}
	b.users = everybody
}

// remind commits n due reminders of each user of the bench.
func (b *bench) remind(t testing.TB, n int) {
	t.Helper()
	for _, user := range b.users {
		err := b.db.InTx(t.Context(), func(tx pgx.Tx) error {
			if _, err := postgres.LockUser(t.Context(), tx, user); err != nil {
				return err
			}
			for range n {
				if err := postgres.AppendEvents(t.Context(), tx, event.New(event.ReminderDue, user, newTask(0), time.Now())); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// slowlyBut is slowly, and refuses a topic at once.
func (b *bench) slowlyBut(call time.Duration, refused string) Publish {
	publish := b.slowly(call)
	return func(ctx context.Context, topic string, messages []event.Message) error {
		if topic == refused {
			return errAway
		}
		return publish(ctx, topic, messages)
	}
}

// takenOf returns how many events of a user the broker has.
func (b *bench) takenOf(user uuid.UUID) (n int) {
	for _, e := range b.events() {
		if e.Data.UserID == user {
			n++
		}
	}
	return n
}

// changeWaits commits a change of a user some times, with a pause after each, and returns how long each waited until the broker
// had its events.
func (b *bench) changeWaits(t testing.TB, r *Relay, user uuid.UUID, times int, pause time.Duration) (waits []time.Duration) {
	t.Helper()
	for range times {
		want := b.takenOf(user) + 2
		b.change(t, user, 1)
		committed := time.Now()
		r.Wake(user)
		for b.takenOf(user) < want {
			if time.Since(committed) > 3*time.Minute {
				t.Fatal("never published")
			}
			time.Sleep(5 * time.Millisecond)
		}
		waits = append(waits, time.Since(committed))
		time.Sleep(pause)
	}
	return waits
}

// BenchmarkWait measures how long somebody's events wait because of others', with -benchtime 1x: a line for each case.
func BenchmarkWait(bb *testing.B) {
	report := func(bb *testing.B, waits []time.Duration) {
		bb.Helper()
		slices.Sort(waits)
		bb.ReportMetric(float64(waits[len(waits)/2].Milliseconds()), "ms-median")
		bb.ReportMetric(float64(waits[len(waits)-1].Milliseconds()), "ms-longest")
	}
	for _, c := range []struct {
		call              time.Duration
		importers, events int
	}{{2 * time.Millisecond, 1, 20_000}, {5 * time.Millisecond, 1, 4_000}, {2 * time.Millisecond, 100, 200}} {
		bb.Run(fmt.Sprintf("beside %d imports of %d events, a call of %v", c.importers, c.events, c.call), func(bb *testing.B) {
			b := newBench(bb, 0)
			other := b.crowd(bb, c.importers)
			b.importAll(bb, c.events)
			r := b.relay(b.slowly(c.call))
			start(bb, r)
			for bb.Loop() {
				report(bb, b.changeWaits(bb, r, other, 20, 100*time.Millisecond))
			}
		})
	}
	bb.Run("reminders refused", func(bb *testing.B) {
		b := newBench(bb, 0)
		other := b.crowd(bb, 300)
		b.remind(bb, 1)
		r := b.relay(b.slowlyBut(10*time.Millisecond, event.TopicReminders))
		start(bb, r)
		time.Sleep(10 * time.Second) // until the waits between attempts are as long as they get
		for bb.Loop() {
			report(bb, b.changeWaits(bb, r, other, 7, 100*time.Millisecond))
		}
	})
	bb.Run("every 14th call refused", func(bb *testing.B) {
		b := newBench(bb, 0)
		b.crowd(bb, 1)
		b.importAll(bb, 200)
		calls := 0
		b.setRefuse(func(event.Event) error {
			if calls++; calls%14 == 0 {
				return errAway
			}
			return nil
		})
		r := b.relay(b.publish)
		for bb.Loop() {
			began := time.Now()
			start(bb, r)
			b.awaitNothingPending(bb)
			report(bb, []time.Duration{time.Since(began)})
		}
	})
}
