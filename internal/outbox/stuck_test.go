package outbox

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/testkit"
)

const (
	lineOfOutage   = "event publishing degraded"
	lineOfRecovery = "event publishing recovered"
	lineOfRefused  = "event refused alone"
	lineOfDead     = "event became a dead letter"
)

// tooLarge refuses the second task event of a user, like a broker refuses an event above its size
// limit.
func tooLarge(user uuid.UUID) func(e event.Event) error {
	return func(e event.Event) error {
		if e.Data.UserID == user && e.Type == event.TaskCreated && e.Data.Revision == 2 {
			return errAway
		}
		return nil
	}
}

// changeUntil commits changes of a user until ok returns true.
func (f *fixture) changeUntil(t *testing.T, r *Relay, user uuid.UUID, condition string, ok func() bool) {
	t.Helper()
	testkit.Eventually(t, condition, func() bool {
		f.change(t, user, 1)
		r.Wake(user)
		return ok()
	})
}

func (f *fixture) deadLetters(t *testing.T) (found []postgres.DeadLetter) {
	t.Helper()
	err := f.db.InTx(t.Context(), func(tx pgx.Tx) (err error) {
		found, err = postgres.DeadLetters(t.Context(), tx, false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// An event that fails alone for long becomes a dead letter. Its partition key continues, and a
// replay publishes the event.
func TestEventThatFailsAloneBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	stuck, other := f.users[0], f.users[1]
	f.refuse = tooLarge(stuck)
	r := f.relay(f.publish)
	r.reportAfter, r.giveUpAfter = 50*time.Millisecond, 50*time.Millisecond // in one step, as on a slow machine
	start(t, r)
	f.change(t, stuck, 4)
	f.changeUntil(t, r, other, "a dead letter", func() bool { return f.log.Count(lineOfDead) > 0 })
	f.awaitNothingPending(t)

	var revisions []int64
	for _, e := range f.events() {
		if e.Data.UserID == stuck && e.Type == event.TaskCreated {
			revisions = append(revisions, e.Data.Revision)
		}
	}
	if diff := cmp.Diff([]int64{1, 3, 4}, revisions); diff != "" {
		t.Errorf("the published revisions differ (-want +got):\n%s", diff)
	}
	for line, want := range map[string]int{lineOfRefused: 1, lineOfDead: 1, "level=ERROR": 1} {
		if got := f.log.Count(line); got != want {
			t.Errorf("%q is logged %d times, want %d", line, got, want)
		}
	}
	dead := f.deadLetters(t)
	if len(dead) != 1 {
		t.Fatalf("got dead letters %+v, want one", dead)
	}
	want := postgres.DeadLetter{UserID: stuck, Topic: event.TopicTasks, Type: event.TaskCreated}
	if diff := cmp.Diff(want, postgres.DeadLetter{UserID: dead[0].UserID, Topic: dead[0].Topic, Type: dead[0].Type}); diff != "" {
		t.Fatalf("the dead letter differs (-want +got):\n%s", diff)
	}

	f.setRefuse(nil)
	before := f.takenOf(stuck)
	err := f.db.InTx(t.Context(), func(tx pgx.Tx) error {
		return postgres.ReplayDeadLetter(t.Context(), tx, dead[0].ID, time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the dead letter is published", func() bool { return f.takenOf(stuck) == before+1 })
	if dead := f.deadLetters(t); len(dead) != 0 {
		t.Errorf("%d dead letters wait after the replay, want none", len(dead))
	}
}

// awaitRecovery waits until the relay is healthy and has logged its recovery.
func (f *fixture) awaitRecovery(t *testing.T, r *Relay) {
	t.Helper()
	testkit.Eventually(t, "no outage", func() bool { return r.health.Err() == nil })
	r.logHealth(t.Context())
	testkit.Eventually(t, "a recovery for each outage in the log", func() bool {
		return f.log.Count(lineOfRecovery) == f.log.Count(lineOfOutage)
	})
}

// An outage is logged even while an event fails alone.
func TestOutageIsLoggedBesideAStuckEvent(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 2)
	stuck, other := f.users[0], f.users[1]
	f.refuse = tooLarge(stuck)
	r := f.relay(f.publish)
	r.reportAfter = 50 * time.Millisecond
	start(t, r)
	f.change(t, stuck, 2)
	f.changeUntil(t, r, other, "a line of the event's own", func() bool { return f.log.Count(lineOfRefused) == 1 })
	f.awaitRecovery(t, r)
	for range 2 {
		before := f.log.Count(lineOfOutage)
		f.setRefuse(func(event.Event) error { return errAway })
		f.change(t, other, 1)
		r.Wake(other)
		testkit.Eventually(t, "the outage is logged", func() bool { return f.log.Count(lineOfOutage) == before+1 })
		f.setRefuse(tooLarge(stuck))
		f.awaitRecovery(t, r)
	}
	if got := f.log.Count(lineOfRefused); got != 1 {
		t.Errorf("%q is logged %d times, want 1", lineOfRefused, got)
	}
}

// An outage of a topic, or of some of its partitions, creates no dead letters.
func TestOutageMakesNoDeadLetters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		failed int // the number of users whose events are refused
		others int
	}{{"all of the topic", 3, 0}, {"a part of the topic", maxFailures, 3}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, 0)
			other := f.crowd(t, c.failed)
			refused := map[uuid.UUID]bool{}
			for _, user := range f.users {
				refused[user] = true
				f.change(t, user, 1)
			}
			f.refuse = func(e event.Event) error {
				if refused[e.Data.UserID] && e.Type == event.TaskCreated {
					return errAway
				}
				return nil
			}
			r := f.relay(f.publish)
			r.reportAfter, r.giveUpAfter = time.Nanosecond, time.Nanosecond
			s := r.shards[waitShard]
			retry := s.retries[event.TopicTasks]
			testkit.Eventually(t, "three failures of every refused user", func() bool {
				f.change(t, other, c.others)
				s.runOnce(t.Context())
				if retry.active.Load() {
					retry.runOnce(t.Context())
				}
				for user := range refused {
					key := postgres.Partition{UserID: user, Topic: event.TopicTasks}
					if max(s.blocked[key].failures, retry.blocked[key].failures) < 3 {
						return false
					}
				}
				return true
			})
			if dead := f.deadLetters(t); len(dead) != 0 {
				t.Errorf("%d events became dead letters, want none", len(dead))
			}
		})
	}
}
