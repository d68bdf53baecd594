package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
)

const (
	// stressLength is how long everything fails at random when STRESS_TIME does not say.
	stressLength  = 12 * time.Second
	stressUsers   = 10
	stressWriters = 6
	// stuckReminders is the number of reminders that cannot be fired. A page of the sweep has 100.
	stuckReminders = 201
	imported       = 60
	// quietTime is how long the test waits until all is done after the last failure.
	quietTime = 3 * time.Minute
)

// TestCoreUnderStress runs two replicas of api, with their relays and reminder loops, while people
// change tasks at random and everything fails at random: the broker, the scheduler, connections to
// the database, and the replicas, which are stopped and started. Accounts are deleted, events are
// replayed, rows stay locked. Then it compares the books:
//
//   - The broker has every committed event, those of a user on a topic in order, and no other.
//   - Every reminder fires once, not before its time, and never for a task that is gone.
//   - An account that was deleted has no later events.
//   - One user's refused events and reminders delay nobody else's.
//   - A replay publishes the stored events again, and no other.
//   - In the end nothing waits, and the scheduler holds the jobs of the reminders to come.
//
// A failure names its seed. STRESS_SEED repeats the random choices, though not their timing, and
// STRESS_TIME sets how long everything fails:
//
//	STRESS_TIME=10m STRESS_SEED=7 go test -run CoreUnderStress -timeout 0 ./services/api
func TestCoreUnderStress(t *testing.T) {
	t.Parallel()
	length, seed := stressLength, rand.Uint64()
	if given := os.Getenv("STRESS_TIME"); given != "" {
		var err error
		if length, err = time.ParseDuration(given); err != nil {
			t.Fatalf("STRESS_TIME: %v", err)
		}
	}
	if given := os.Getenv("STRESS_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("STRESS_SEED: %v", err)
		}
	}
	t.Logf("STRESS_SEED=%d STRESS_TIME=%v", seed, length)
	s := newStress(t, seed)
	refused, stuck := s.stickUsers(t)
	s.fail(t, length)

	s.dapr.calm()
	barrier := s.restartAll(t)
	s.awaitQuiet(t, "all but the stuck users' events and reminders", refused.id, stuck.id)
	s.wantStuck(t, refused.id, stuck.id)
	s.dapr.refuse(uuid.Nil)
	s.mend(t, stuck.id)
	s.awaitQuiet(t, "the stuck users' events and reminders", uuid.Nil, uuid.Nil)
	s.awaitJobs(t)

	b := s.readBooks(t)
	b.checkPublished(t, s.dapr.publications())
	s.checkGone(t, b, s.dapr.publications()[barrier:])
	b.checkRevisions(t)
	b.checkPromises(t, s.promised)
	b.checkReminders(t)
	s.checkReplay(t, b)
}

// stickUsers adds two users who are stuck until the end: of one the broker refuses the task events,
// and the reminders of the other cannot be fired.
func (s *stress) stickUsers(t *testing.T) (refused, stuck *stressUser) {
	t.Helper()
	for range stressUsers {
		s.addUser(t)
	}
	refused, stuck = s.addUser(t), s.addUser(t)
	s.dismiss(refused)
	s.dismiss(stuck)
	s.dapr.refuse(refused.id)
	for range 3 {
		s.do(t.Context(), refused, "POST", "/tasks", object{"title": "refused"})
	}
	due := time.Now().Add(5 * time.Second)
	var tasks []object
	for n := range stuckReminders {
		tasks = append(tasks, object{"id": uuid.New(), "title": fmt.Sprintf("stuck %d", n), "reminders": []object{{"at": due}}})
	}
	code, answer := s.do(t.Context(), stuck, "POST", "/import", object{"version": 1, "tasks": tasks})
	if code != http.StatusOK {
		t.Fatalf("import: status %d: %s", code, answer)
	}
	s.exec(t, `UPDATE tasks SET recurrence = '"not a rule"' WHERE user_id = $1`, stuck.id)
	return refused, stuck
}

// mend makes the reminders of the stuck user fire again.
func (s *stress) mend(t *testing.T, stuck uuid.UUID) {
	t.Helper()
	s.exec(t, `UPDATE tasks SET recurrence = NULL WHERE user_id = $1`, stuck)
}

func (s *stress) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	err := s.db.InTx(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), sql, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fail lets people change tasks, and everything fail, for a time.
func (s *stress) fail(t *testing.T, length time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var running sync.WaitGroup
	for n := range stressWriters {
		r := rand.New(rand.NewPCG(s.seed, uint64(10+n)))
		running.Go(func() {
			for ctx.Err() == nil {
				// A request that has begun is finished, so that its outcome is known.
				s.changeSomething(t, r)
				time.Sleep(time.Duration(r.IntN(40)) * time.Millisecond)
			}
		})
	}
	r := rand.New(rand.NewPCG(s.seed, 2))
	for ctx.Err() == nil {
		s.breakSomething(t, r)
		time.Sleep(time.Duration(100+r.IntN(300)) * time.Millisecond)
	}
	running.Wait()
	s.deleteAccount(t.Context(), t, s.someUser(r)) // at least this one
}

// breakSomething does one thing that must not lose or double anything.
func (s *stress) breakSomething(t *testing.T, r *rand.Rand) {
	length := time.Duration(200+r.IntN(1500)) * time.Millisecond
	switch r.IntN(8) {
	case 0:
		n := r.IntN(len(s.replicas))
		s.replicas[n].stop()
		s.start(t, n)
	case 1:
		topics := event.Topics()
		s.dapr.breakFor(topics[r.IntN(len(topics))], length, r.IntN(3) == 0)
	case 2:
		s.dapr.breakFor("scheduler", length, r.IntN(3) == 0)
	case 3:
		s.dapr.forgetJobs()
	case 4, 5:
		s.replay(t.Context(), s.someUser(r).id)
	case 6:
		s.hold(t.Context(), s.someUser(r).id, length)
	case 7:
		// The test's own connection may be the one that breaks.
		_ = s.db.InTx(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 3`)
			return err
		})
	}
}

// hold keeps a user's row locked for a time, as a lost machine does.
func (s *stress) hold(ctx context.Context, user uuid.UUID, length time.Duration) {
	_ = s.db.InTx(ctx, func(tx pgx.Tx) error { // it changes nothing
		_, err := postgres.LockUser(ctx, tx, user)
		time.Sleep(length)
		return err
	})
}

// replay publishes all stored events of a user again, unless its connection breaks.
func (s *stress) replay(ctx context.Context, user uuid.UUID) {
	_ = replayEvents(ctx, s.db, time.Now().Add(-time.Hour), user.String()+"@example.com", new(bytes.Buffer))
}

// changeSomething sends one request that a person could send.
func (s *stress) changeSomething(t *testing.T, r *rand.Rand) {
	ctx, u := context.WithoutCancel(t.Context()), s.someUser(r)
	id, ok := u.some(r)
	n := r.IntN(100)
	if !ok || n < 30 {
		s.create(ctx, t, u, r)
		return
	}
	path := "/tasks/" + id.String()
	var code int
	var answer []byte
	switch {
	case n < 60:
		code, answer = s.do(ctx, u, "PATCH", path, object{"reminders": someReminders(r), "due_at": soon(r)})
	case n < 75:
		code, answer = s.do(ctx, u, "POST", path+"/complete", nil)
	case n < 85:
		code, answer = s.do(ctx, u, "POST", path+"/reopen", nil)
	case n < 90:
		code, answer = s.do(ctx, u, "POST", path+"/snooze", object{"until": soon(r).Add(500 * time.Millisecond)})
	case n < 97:
		s.do(ctx, u, "DELETE", path, nil)
	case n < 98:
		s.importSome(ctx, u)
	default:
		s.deleteAccount(ctx, t, u)
	}
	if code == http.StatusOK {
		s.confirmed(t, u, answer, "")
	}
}

// create creates a task, and repeats the request with the same Idempotency-Key until it is answered.
func (s *stress) create(ctx context.Context, t *testing.T, u *stressUser, r *rand.Rand) {
	title := fmt.Sprintf("task %d", s.titles.Add(1))
	body := object{"title": title, "reminders": someReminders(r), "due_at": soon(r)}
	for range 4 {
		code, answer := s.do(ctx, u, "POST", "/tasks", body, "Idempotency-Key", title)
		if code == http.StatusCreated {
			u.add(s.confirmed(t, u, answer, title).ID)
		}
		if code/100 == 2 || code/100 == 4 {
			return
		}
	}
}

// importSome imports so many tasks that their events overflow. One of them has a reminder.
func (s *stress) importSome(ctx context.Context, u *stressUser) {
	var tasks []object
	for range imported {
		tasks = append(tasks, object{"id": uuid.New(), "title": "imported", "reminders": []object{}})
	}
	tasks[0]["reminders"] = []object{{"at": time.Now().Add(2 * time.Second)}}
	s.do(ctx, u, "POST", "/import", object{"version": 1, "tasks": tasks})
}

// deleteAccount deletes an account and adds another. It repeats the request until it is answered.
func (s *stress) deleteAccount(ctx context.Context, t *testing.T, u *stressUser) {
	if !s.dismiss(u) {
		return
	}
	retry(t, "delete an account", func() bool {
		code, _ := s.do(ctx, u, "DELETE", "/me", object{"password": testPassword})
		return code == http.StatusNoContent || code == http.StatusUnauthorized
	})
	s.addUser(t)
}

// soon returns an instant within the next seconds. Many are the same.
func soon(r *rand.Rand) time.Time {
	return time.Now().Add(time.Duration(200+r.IntN(4000)) * time.Millisecond).UTC().Truncate(200 * time.Millisecond)
}

// someReminders returns up to three reminders: soon, when the task is due, or far away.
func someReminders(r *rand.Rand) []object {
	list := []object{}
	for range r.IntN(4) {
		switch r.IntN(4) {
		case 0:
			list = append(list, object{"minutes_before": 0})
		case 1:
			list = append(list, object{"at": time.Now().Add(5*time.Minute + time.Duration(r.IntN(40))*time.Minute)})
		default:
			list = append(list, object{"at": soon(r)})
		}
	}
	return list
}

// restartAll stops both replicas before it starts them again. It returns how much the broker has
// in between, when no event is on its way. Claims that were broken off have run out afterwards.
func (s *stress) restartAll(t *testing.T) (barrier int) {
	t.Helper()
	for _, r := range s.replicas {
		r.stop()
	}
	barrier = len(s.dapr.publications())
	s.exec(t, `UPDATE reminders SET retry_at = retry_at - $1::interval WHERE retry_at IS NOT NULL`, time.Minute) // the lifetime of a claim
	for i := range s.replicas {
		s.start(t, i)
	}
	return barrier
}
