package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// account stores and deletes rows of a user like the services do.
type account struct {
	db   *postgres.DB
	user uuid.UUID
	rand *rand.Rand
}

func (a account) text() string { return strings.Repeat("é\"\\", a.rand.IntN(2000)) }

func (a account) newTask(revision int64) task.Task {
	t := task.Task{ID: uuid.New(), Title: "title", Description: a.text(), Tags: []string{"a", `b "c"`}, TimeZone: "UTC",
		Revision: revision, CreatedAt: base, UpdatedAt: base, Reminders: []task.Reminder{}}
	if a.rand.IntN(2) == 0 {
		t.Recurrence = &task.Recurrence{RRule: "daily", ExDates: []time.Time{base}}
	}
	t.Normalize()
	return t
}

// change changes a task under the user's lock, with its events, history and stored answer.
func (a account) change(ctx context.Context, tx pgx.Tx) error {
	key := uuid.NewString()
	if _, _, err := postgres.TakeIdempotencyKey(ctx, tx, a.user, key, []byte("hash"), base); err != nil {
		return err
	}
	revision, err := postgres.NextRevision(ctx, tx, a.user)
	if err != nil {
		return err
	}
	ids, err := postgres.TaskIDs(ctx, tx, a.user)
	if err != nil {
		return err
	}
	t := a.newTask(revision)
	kind := event.TaskUpdated
	switch {
	case len(ids) < 3:
		kind = event.TaskCreated
		_, err = postgres.InsertTask(ctx, tx, a.user, t)
	case a.rand.IntN(3) == 0:
		kind, t.ID = event.TaskDeleted, ids[0]
		err = postgres.DeleteTask(ctx, tx, a.user, t.ID)
	default:
		t.ID = ids[a.rand.IntN(len(ids))]
		err = postgres.UpdateTask(ctx, tx, a.user, t)
	}
	if err != nil {
		return err
	}
	e := event.New(kind, a.user, t, base)
	e.Data.Previous = map[string]json.RawMessage{"description": json.RawMessage(`"` + strings.Repeat("x", a.rand.IntN(500)) + `"`)}
	if err := postgres.RecordEvents(ctx, tx, e, event.New(event.TaskChanged, a.user, t, base)); err != nil {
		return err
	}
	return postgres.StoreAnswer(ctx, tx, a.user, key, postgres.StoredAnswer{Status: 200, Header: map[string]string{"ETag": "x"}, Body: []byte(a.text())})
}

func (a account) importTasks(ctx context.Context, tx pgx.Tx) error {
	revision, err := postgres.TakeRevisions(ctx, tx, a.user, 2)
	if err != nil {
		return err
	}
	tasks := []task.Task{a.newTask(revision - 1), a.newTask(revision)}
	if err := postgres.InsertTasks(ctx, tx, a.user, tasks); err != nil {
		return err
	}
	return postgres.CopyEvents(ctx, tx, []event.Event{event.New(event.TaskCreated, a.user, tasks[0], base), event.New(event.TaskCreated, a.user, tasks[1], base)})
}

// deliver stores a delivery like notifier does, without the user's row.
func (a account) deliver(ctx context.Context, tx pgx.Tx) error {
	e := event.New(event.ReminderDue, a.user, a.newTask(1), base)
	return postgres.InsertDeliveries(ctx, tx, e, []postgres.Delivery{{ID: uuid.New(), UserID: a.user, ChannelKind: "email", EventID: e.ID,
		State: postgres.DeliverySent, CreatedAt: base, UpdatedAt: base}})
}

// publish marks some events as published.
func (a account) publish(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE outbox SET published_at = $1 WHERE seq IN (SELECT seq FROM outbox LIMIT 20 FOR NO KEY UPDATE SKIP LOCKED)`, base)
	return err
}

// retain deletes a few rows of all users.
func (account) retain(ctx context.Context, tx pgx.Tx) error {
	for _, purge := range []func(context.Context, pgx.Tx, time.Time, int) (int64, error){
		postgres.PurgeOutbox, postgres.PurgeDeliveries, postgres.PurgeIdempotencyKeys,
	} {
		if _, err := purge(ctx, tx, base.Add(time.Hour), 7); err != nil {
			return err
		}
	}
	return nil
}

func (account) fold(ctx context.Context, tx pgx.Tx) error {
	_, err := postgres.FoldUsage(ctx, tx, 10)
	return err
}

func (a account) delete(ctx context.Context, tx pgx.Tx) error {
	if _, err := postgres.LockUserToDelete(ctx, tx, a.user); err != nil {
		return err
	}
	return postgres.DeleteUser(ctx, tx, a.user)
}

// The usage is the size of the stored rows after any operations of concurrent services, which do not
// deadlock.
func TestUsageIsExact(t *testing.T) {
	t.Parallel()
	db := postgrestest.OpenFor(t, 9)
	var users []uuid.UUID
	for range 3 {
		users = append(users, postgrestest.NewUser(t, db, base))
	}
	seed := rand.Uint64()
	var g errgroup.Group
	for i := range 9 {
		g.Go(func() error {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			a := account{db: db, user: users[i%3], rand: r}
			operations := []func(context.Context, pgx.Tx) error{a.change, a.change, a.change, a.importTasks, a.deliver, a.publish, a.retain, a.fold}
			for range 40 {
				err := db.InTx(t.Context(), func(tx pgx.Tx) error { return operations[r.IntN(len(operations))](t.Context(), tx) })
				if err != nil && !errors.Is(err, postgres.ErrNoUser) { // the account was deleted
					return fmt.Errorf("seed %d: %w", seed, err)
				}
			}
			if i != 0 {
				return nil
			}
			return db.InTx(t.Context(), func(tx pgx.Tx) error { return a.delete(t.Context(), tx) })
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			for _, user := range users {
				stored, counted := storedBytes(t, tx, user), countedBytes(t, tx, user)
				if diff := cmp.Diff(stored, counted); diff != "" {
					t.Errorf("%s, seed %d: the count differs from what is stored (-stored +counted):\n%s", when, seed, diff)
				}
				var sum int64
				for _, n := range stored {
					sum += n
				}
				if got, err := postgres.Usage(ctx, tx, user); err != nil || got != sum {
					t.Errorf("%s: Usage returned %d, %v; want %d", when, got, err, sum)
				}
				if user != users[0] && sum == 0 {
					t.Errorf("nothing is stored")
				}
			}
			return nil
		})
	}
	check("after the operations")
	in(t, db, account{}.fold)
	check("after folding")
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		var left int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM usage_changes`).Scan(&left)
		if left != 0 {
			t.Errorf("%d changes are left after folding", left)
		}
		return err
	})
	migrateAgain(t, db)
	check("after the migration of existing accounts")
	in(t, db, account{db: db, user: users[1], rand: rand.New(rand.NewPCG(seed, 9))}.change)
	check("after a change")
}

// storedBytes returns the sizes of a user's rows by table.
func storedBytes(t *testing.T, tx pgx.Tx, user uuid.UUID) map[string]int64 {
	t.Helper()
	return bytesByName(t, tx, `
		SELECT 'tasks', 300 + length(convert_to(concat(title, description, tags, reminders, recurrence, uid), 'UTF8')) FROM tasks WHERE user_id = $1
		UNION ALL SELECT 'task_history', 150 + length(convert_to(detail::text, 'UTF8')) FROM task_history WHERE user_id = $1
		UNION ALL SELECT 'outbox', 250 + length(convert_to(event::text, 'UTF8')) FROM outbox WHERE user_id = $1
		UNION ALL SELECT 'idempotency_keys', 200 + length(convert_to(concat(key, header), 'UTF8')) + coalesce(length(body), 0) FROM idempotency_keys WHERE user_id = $1
		UNION ALL SELECT 'deliveries', 300 + length(convert_to(event::text, 'UTF8')) FROM deliveries WHERE user_id = $1`, user)
}

// countedBytes returns the counted sizes of a user's rows by table.
func countedBytes(t *testing.T, tx pgx.Tx, user uuid.UUID) map[string]int64 {
	t.Helper()
	return bytesByName(t, tx, `SELECT store, bytes FROM usage WHERE user_id = $1 UNION ALL SELECT store, bytes FROM usage_changes WHERE user_id = $1`, user)
}

// bytesByName sums rows of a name and a size. It leaves out sums of 0.
func bytesByName(t *testing.T, tx pgx.Tx, sql string, user uuid.UUID) map[string]int64 {
	t.Helper()
	rows, err := tx.Query(t.Context(), `SELECT name, sum(bytes)::bigint FROM (`+sql+`) x (name, bytes) GROUP BY name HAVING sum(bytes) <> 0`, user)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]int64{}
	var name string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&name, &n}, func() error { sums[name] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return sums
}

// migrateAgain removes what migration 0018 made and applies it again to the rows of now.
func migrateAgain(t *testing.T, db *postgres.DB) {
	t.Helper()
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			DO $$ DECLARE f regprocedure; BEGIN
				FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'usage\_of\_%' LOOP EXECUTE format('DROP FUNCTION %s CASCADE', f); END LOOP;
			END $$;
			DROP TABLE usage, usage_changes;
			DROP PROCEDURE count_usage;
			DELETE FROM schema_migrations WHERE name = 'migrations/0018_usage.sql'`)
		return err
	})
	if err := postgres.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
}
