package outbox

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

const (
	lineOfOutage  = "events cannot be published"
	lineOfRefused = "event refused alone"
	lineOfDead    = "dead letter: the broker refused"
)

// tooLarge refuses a user's second task event, as a broker does with an event larger than it takes.
func tooLarge(user uuid.UUID) func(e event.Event) error {
	return func(e event.Event) error {
		if e.Data.UserID == user && e.Type == event.TaskCreated && e.Data.Revision == 2 {
			return errAway
		}
		return nil
	}
}

// changeUntil commits changes of a user until something is the case.
func (b *bench) changeUntil(t *testing.T, r *Relay, user uuid.UUID, what string, ok func() bool) {
	t.Helper()
	eventually(t, what, func() bool {
		b.change(t, user, 1)
		r.Wake(user)
		return ok()
	})
}

func (b *bench) deadLetters(t *testing.T) (found []postgres.DeadLetter) {
	t.Helper()
	err := b.db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
		found, err = postgres.DeadLetters(t.Context(), tx, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// An event that fails alone for long becomes a dead letter. Its partition key goes on behind it, and a replay publishes it.
func TestEventThatFailsAloneBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	stuck, other := b.users[0], b.users[1]
	b.refuse = tooLarge(stuck)
	r := b.relay(b.publish)
	r.reportAfter, r.giveUpAfter = 50*time.Millisecond, 500*time.Millisecond
	start(t, r)
	b.change(t, stuck, 4)
	b.changeUntil(t, r, other, "a dead letter", func() bool { return b.log.count(lineOfDead) > 0 })
	b.awaitNothingPending(t)

	var revisions []int64
	for _, e := range b.events() {
		if e.Data.UserID == stuck && e.Type == event.TaskCreated {
			revisions = append(revisions, e.Data.Revision)
		}
	}
	if len(revisions) != 3 || revisions[0] != 1 || revisions[1] != 3 || revisions[2] != 4 {
		t.Errorf("got revisions %v of the partition key, want 1, 3 and 4", revisions)
	}
	for line, want := range map[string]int{lineOfRefused: 1, lineOfDead: 1, "level=ERROR": 1} {
		if got := b.log.count(line); got != want {
			t.Errorf("%q is logged %d times, want %d", line, got, want)
		}
	}
	dead := b.deadLetters(t)
	if len(dead) != 1 || dead[0].UserID != stuck || dead[0].Topic != event.TopicTasks || dead[0].Type != event.TaskCreated {
		t.Fatalf("got dead letters %+v, want the event of user %s", dead, stuck)
	}

	b.setRefuse(nil)
	before := b.takenOf(stuck)
	err := b.db.InTx(t.Context(), func(tx pgx.Tx) error {
		return postgres.ReplayDeadLetter(t.Context(), tx, dead[0].ID, time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the dead letter is published", func() bool { return b.takenOf(stuck) == before+1 })
	if dead := b.deadLetters(t); len(dead) != 0 {
		t.Errorf("%d dead letters wait after the replay, want none", len(dead))
	}
}

// An event that fails alone does not keep the log from telling of outages.
func TestOutageIsLoggedBesideAStuckEvent(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	stuck, other := b.users[0], b.users[1]
	b.refuse = tooLarge(stuck)
	r := b.relay(b.publish)
	r.reportAfter = 50 * time.Millisecond
	start(t, r)
	b.change(t, stuck, 2)
	b.changeUntil(t, r, other, "a line of the event's own", func() bool { return b.log.count(lineOfRefused) == 1 })
	eventually(t, "no outage", func() bool { return r.trouble.latest() == nil })
	time.Sleep(2 * pollInterval) // so that the log has told that it is over
	for n := range 2 {
		before := b.log.count(lineOfOutage)
		b.setRefuse(func(event.Event) error { return errAway })
		b.change(t, other, 1)
		r.Wake(other)
		eventually(t, "the outage is logged", func() bool { return b.log.count(lineOfOutage) == before+1 })
		b.setRefuse(tooLarge(stuck))
		eventually(t, "its end is logged", func() bool { return b.log.count("events are published again") >= n+1 && r.trouble.latest() == nil })
		time.Sleep(2 * pollInterval)
	}
	if got := b.log.count(lineOfRefused); got != 1 {
		t.Errorf("%q is logged %d times, want 1", lineOfRefused, got)
	}
}

// While a topic is away, or a part of its partitions, no event becomes a dead letter.
func TestOutageMakesNoDeadLetters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		failed int // users whose events are refused
		others int
	}{{"all of the topic", 3, 0}, {"a part of the topic", maxFailures, 3}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 0)
			other := b.crowd(t, c.failed)
			refused := map[uuid.UUID]bool{}
			for _, user := range b.users {
				refused[user] = true
				b.change(t, user, 1)
			}
			b.refuse = func(e event.Event) error {
				if refused[e.Data.UserID] && e.Type == event.TaskCreated {
					return errAway
				}
				return nil
			}
			r := b.relay(b.publish)
			r.reportAfter, r.giveUpAfter = time.Nanosecond, time.Nanosecond
			s := r.shards[waitShard]
			for range 6 {
				b.change(t, other, c.others)
				s.runOnce(t.Context())
				time.Sleep(minBackoff)
			}
			if dead := b.deadLetters(t); len(dead) != 0 {
				t.Errorf("%d events became dead letters, want none", len(dead))
			}
			if got, want := len(s.blocked), c.failed; got != want {
				t.Errorf("%d partition keys are blocked, want %d", got, want)
			}
		})
	}
}
