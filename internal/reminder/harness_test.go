package reminder

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/clock"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

var testStart = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// env is a Scheduler with its own database, a recording scheduler of jobs, and a clock that the test
// sets.
type env struct {
	*Scheduler
	jobs  *sidecar.Fake
	time  atomic.Pointer[time.Time]
	fired atomic.Int64
}

func newEnv(t testing.TB) *env {
	t.Helper()
	return newEnvAt(t, testStart)
}

func newEnvAt(t testing.TB, start time.Time) *env {
	t.Helper()
	e := &env{jobs: &sidecar.Fake{}}
	e.time.Store(&start)
	now := func() time.Time { return *e.time.Load() }
	db := postgrestest.Open(t)
	e.Scheduler = New(Config{
		DB: db, FireDB: db, Jobs: e.jobs,
		Clock: clock.New(now, func(context.Context) (time.Time, error) { return now(), nil }),
		Fired: func(uuid.UUID) { e.fired.Add(1) },
		Log:   slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	return e
}

func (e *env) advance(d time.Duration) {
	at := e.time.Load().Add(d)
	e.time.Store(&at)
}

func (e *env) do(t testing.TB, f func(ctx context.Context, tx pgx.Tx) error) {
	t.Helper()
	postgrestest.InTx(t, e.DB, func(tx pgx.Tx) error { return f(t.Context(), tx) })
}

func (e *env) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	e.do(t, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

// count returns the number that a query selects.
func (e *env) count(t testing.TB, sql string, args ...any) (n int) {
	t.Helper()
	e.do(t, func(ctx context.Context, tx pgx.Tx) error { return tx.QueryRow(ctx, sql, args...).Scan(&n) })
	return n
}

func (e *env) newUser(t testing.TB) uuid.UUID {
	t.Helper()
	id := uuid.New()
	e.do(t, func(ctx context.Context, tx pgx.Tx) error {
		return postgres.InsertUser(ctx, tx, postgres.User{
			ID: id, Email: id.String() + "@example.com", TimeZone: "UTC", WeekStart: postgres.WeekMonday, CreatedAt: e.Clock.Now(),
		})
	})
	return id
}

// addTasks creates n tasks of a user, each with one reminder so many minutes after the start.
func (e *env) addTasks(t testing.TB, user uuid.UUID, n, minutes int) []uuid.UUID {
	t.Helper()
	at := testStart.Add(time.Duration(minutes) * time.Minute)
	var ids []uuid.UUID
	e.do(t, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := postgres.LockUser(ctx, tx, user); err != nil {
			return err
		}
		for range n {
			id, err := addTask(ctx, tx, user, at, e.Clock.Now())
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids
}

func addTask(ctx context.Context, tx pgx.Tx, user uuid.UUID, at, now time.Time) (uuid.UUID, error) {
	x := task.Task{
		ID: uuid.Must(uuid.NewV7()), Title: "water the plants", TimeZone: "UTC", Reminders: []task.Reminder{{At: &at}},
		CreatedAt: now, UpdatedAt: now,
	}
	x.Normalize()
	revision, err := postgres.NextRevision(ctx, tx, user)
	if err != nil {
		return uuid.Nil, err
	}
	x.Revision = revision
	if _, err := postgres.InsertTask(ctx, tx, user, x); err != nil {
		return uuid.Nil, err
	}
	return x.ID, postgres.SetReminders(ctx, tx, user, x.ID, map[int]time.Time{0: at}, now)
}

// setReminders replaces the reminders of a task. The instants are minutes after the start, by number.
func (e *env) setReminders(t *testing.T, user, taskID uuid.UUID, minutes map[int]int) {
	t.Helper()
	wanted := map[int]time.Time{}
	for number, n := range minutes {
		wanted[number] = testStart.Add(time.Duration(n) * time.Minute)
	}
	e.do(t, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := postgres.LockUser(ctx, tx, user); err != nil {
			return err
		}
		return postgres.SetReminders(ctx, tx, user, taskID, wanted, e.Clock.Now())
	})
}

// reconciled reconciles until nothing is left.
func (e *env) reconciled(t *testing.T) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = e.ReconcileOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func (e *env) swept(t *testing.T) {
	t.Helper()
	if err := e.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// due returns the number of a user's reminders in the outbox.
func (e *env) due(t *testing.T, user uuid.UUID) int {
	t.Helper()
	return e.count(t, `SELECT count(*) FROM outbox WHERE type = 'reminder.due' AND user_id = $1`, user)
}

// scheduled returns the instants of a task's jobs by number, in minutes after the start.
func (e *env) scheduled(taskID uuid.UUID) map[int]int {
	jobs := map[int]int{}
	for number := range 4 {
		if at, ok := e.jobs.Job(sidecar.JobName(taskID, number)); ok {
			jobs[number] = int(at.Sub(testStart) / time.Minute)
		}
	}
	return jobs
}

// allJobs returns the scheduled jobs of the reminders in the database.
func (e *env) allJobs(t *testing.T) map[string]time.Time {
	t.Helper()
	jobs := map[string]time.Time{}
	e.do(t, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT task_id, number FROM reminders`)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var number int
		_, err = pgx.ForEachRow(rows, []any{&id, &number}, func() error {
			name := sidecar.JobName(id, number)
			if at, ok := e.jobs.Job(name); ok {
				jobs[name] = at
			}
			return nil
		})
		return err
	})
	return jobs
}

// locked runs f while another transaction holds the user's row.
func (e *env) locked(t testing.TB, user uuid.UUID, f func()) {
	t.Helper()
	e.do(t, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := postgres.LockUser(ctx, tx, user); err != nil {
			return fmt.Errorf("lock user: %w", err)
		}
		f()
		return nil
	})
}
