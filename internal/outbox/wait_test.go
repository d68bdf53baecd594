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

// waitShard is the shard of every user in these tests. Users in other shards would not be affected.
const waitShard = 6

// slowly publishes to the test's broker. Each call takes some time, like a call to a sidecar.
func (f *fixture) slowly(call time.Duration) Publish {
	return func(ctx context.Context, topic string, messages []event.Message) error {
		time.Sleep(call)
		return f.publish(ctx, topic, messages)
	}
}

// crowd adds n users of waitShard to the fixture. The user that it returns is of the same shard and
// not in the fixture.
func (f *fixture) crowd(t testing.TB, n int) (other uuid.UUID) {
	t.Helper()
	for range n {
		f.users = append(f.users, newUserIn(t, f.db, waitShard))
	}
	return newUserIn(t, f.db, waitShard)
}

// importAll commits an import of n events for each user of the fixture.
func (f *fixture) importAll(t testing.TB, n int) {
	t.Helper()
	everybody := f.users
	for _, user := range everybody {
		f.users = []uuid.UUID{user}
		f.fill(t, n)
	}
	f.users = everybody
}

// remind commits n due reminders for each user of the fixture.
func (f *fixture) remind(t testing.TB, n int) {
	t.Helper()
	for _, user := range f.users {
		err := f.db.InTx(t.Context(), func(tx pgx.Tx) error {
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

// slowlyBut publishes like slowly. Calls of one topic end with the error of refuse.
func (f *fixture) slowlyBut(call time.Duration, refused string, refuse func(context.Context) error) Publish {
	publish := f.slowly(call)
	return func(ctx context.Context, topic string, messages []event.Message) error {
		if topic == refused {
			return refuse(ctx)
		}
		return publish(ctx, topic, messages)
	}
}

// takenOf returns how many events of a user the broker accepted.
func (f *fixture) takenOf(user uuid.UUID) (n int) {
	for _, e := range f.events() {
		if e.Data.UserID == user {
			n++
		}
	}
	return n
}

// changeWaits commits changes of a user with a pause after each. It returns the time from each
// commit until the broker had the events.
func (f *fixture) changeWaits(t testing.TB, r *Relay, user uuid.UUID, times int, pause time.Duration) (waits []time.Duration) {
	t.Helper()
	for range times {
		want := f.takenOf(user) + 2
		f.change(t, user, 1)
		committed := time.Now()
		r.Wake(user)
		for f.takenOf(user) < want {
			if time.Since(committed) > 3*time.Minute {
				t.Fatal("timed out waiting for the events to be published")
			}
			time.Sleep(5 * time.Millisecond)
		}
		waits = append(waits, time.Since(committed))
		time.Sleep(pause)
	}
	return waits
}

// BenchmarkWait measures how long the events of a user wait because of other users. Run it with
// -benchtime 1x. It prints a line for each case.
func BenchmarkWait(b *testing.B) {
	report := func(b *testing.B, waits []time.Duration) {
		b.Helper()
		slices.Sort(waits)
		b.ReportMetric(float64(waits[len(waits)/2].Milliseconds()), "ms-median")
		b.ReportMetric(float64(waits[len(waits)-1].Milliseconds()), "ms-longest")
	}
	for _, c := range []struct {
		call              time.Duration
		importers, events int
	}{{2 * time.Millisecond, 1, 20_000}, {5 * time.Millisecond, 1, 4_000}, {2 * time.Millisecond, 100, 200}} {
		b.Run(fmt.Sprintf("beside %d imports of %d events, a call of %v", c.importers, c.events, c.call), func(b *testing.B) {
			f := newFixture(b, 0)
			other := f.crowd(b, c.importers)
			f.importAll(b, c.events)
			r := f.relay(f.slowly(c.call))
			start(b, r)
			for b.Loop() {
				report(b, f.changeWaits(b, r, other, 20, 100*time.Millisecond))
			}
		})
	}
	for name, refuse := range map[string]func(context.Context) error{
		"reminders refused":      func(context.Context) error { return errAway },
		"no answer to reminders": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		b.Run(name, func(b *testing.B) {
			f := newFixture(b, 0)
			other := f.crowd(b, 300)
			f.remind(b, 1)
			r := f.relay(f.slowlyBut(10*time.Millisecond, event.TopicReminders, refuse))
			start(b, r)
			time.Sleep(10 * time.Second) // until the waits between attempts have reached their maximum
			for b.Loop() {
				report(b, f.changeWaits(b, r, other, 20, 500*time.Millisecond))
			}
		})
	}
	b.Run("every 14th call refused", func(b *testing.B) {
		f := newFixture(b, 0)
		f.crowd(b, 1)
		f.importAll(b, 200)
		calls := 0
		f.setRefuse(func(event.Event) error {
			if calls++; calls%14 == 0 {
				return errAway
			}
			return nil
		})
		r := f.relay(f.publish)
		for b.Loop() {
			began := time.Now()
			start(b, r)
			f.awaitNothingPending(b)
			report(b, []time.Duration{time.Since(began)})
		}
	})
}
