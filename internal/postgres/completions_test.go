package postgres_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// TestCompletionsOfTheVersionBefore upgrades a database in which the previous version completed,
// followed, reopened and deleted tasks. A valid completion without a follower waits for its event,
// as if this version had stored it.
func TestCompletionsOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user, stranger := postgrestest.NewUser(t, db, base), postgrestest.NewUser(t, db, base)
	const migration = "migrations/0010_completions.sql"

	followers := map[uuid.UUID]uuid.UUID{}
	// old stores the traces of a task of the previous version: its events, its row if it exists,
	// and its follower.
	old := func(events []string, exists, followed bool) uuid.UUID {
		x := task.Task{
			ID: uuid.New(), Title: "Pay rent", Priority: task.PriorityNone, DueAt: &base, TimeZone: "UTC",
			Recurrence: &task.Recurrence{RRule: "daily"},
		}
		x.Normalize()
		in(t, db, func(ctx context.Context, tx pgx.Tx) error {
			var err error
			for i, name := range events {
				at := base.Add(time.Duration(i) * time.Minute)
				if x.Revision, err = postgres.NextRevision(ctx, tx, user); err != nil {
					return err
				}
				switch name {
				case event.TaskCompleted:
					x.Completed, x.CompletedAt = true, &at
				case event.TaskUpdated:
					x.Completed, x.CompletedAt = false, nil
				}
				if err := postgres.AppendEvents(ctx, tx, event.New(name, user, x, at)); err != nil {
					return err
				}
			}
			if exists {
				if _, err := postgres.InsertTask(ctx, tx, user, x); err != nil {
					return err
				}
			}
			if followed {
				followers[x.ID] = uuid.New()
				_, err = tx.Exec(ctx, `INSERT INTO successors (previous_id, task_id, user_id) VALUES ($1, $2, $3)`, x.ID, followers[x.ID], user)
			}
			return err
		})
		return x.ID
	}
	created, completed, reopened, deleted := event.TaskCreated, event.TaskCompleted, event.TaskUpdated, event.TaskDeleted
	waits := old([]string{created, completed}, true, false)                      // revisions 1 to 2
	again := old([]string{created, completed, reopened, completed}, true, false) // 3 to 6
	followed := old([]string{created, completed}, true, true)                    // 7 to 8
	kept := old([]string{created, completed, reopened}, true, true)              // 9 to 11
	tidied := old([]string{created, completed, deleted}, false, false)           // 12 to 14
	open := old([]string{created}, true, false)                                  // 15
	undone := old([]string{created, completed, reopened, deleted}, false, false) // 16 to 19
	tidiedFollowed := old([]string{created, completed, deleted}, false, true)    // 20 to 22
	undoneAndOpen := old([]string{created, completed, reopened}, true, false)    // 23 to 25
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		// A row of another user does not affect this user.
		_, err := tx.Exec(ctx, `INSERT INTO successors (previous_id, task_id, user_id) VALUES ($1, $1, $2)`, waits, stranger)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DROP TABLE completions`); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM schema_migrations WHERE name = $1`, migration)
		return err
	})

	if err := postgres.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}

	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		for _, tt := range []struct {
			name     string
			id       uuid.UUID
			revision int64 // 0 means no completion
			gone     bool
		}{
			{"waits", waits, 2, false},
			{"was completed again", again, 6, false},
			{"was followed", followed, 8, false},
			{"was followed and reopened", kept, 11, false},
			{"was tidied up", tidied, 13, true},
			{"is open", open, 0, false},
			{"was undone and deleted", undone, 0, false},
			{"was followed and tidied up", tidiedFollowed, 0, false},
			{"was undone", undoneAndOpen, 0, false},
		} {
			rows, err := tx.Query(ctx, `SELECT revision FROM completions WHERE user_id = $1 AND task_id = $2`, user, tt.id)
			if err != nil {
				return err
			}
			revisions, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			if err != nil {
				return err
			}
			var want []int64
			if tt.revision > 0 {
				want = []int64{tt.revision}
			}
			if !slices.Equal(revisions, want) {
				t.Errorf("%s: got completions at %v, want at %v", tt.name, revisions, want)
				continue
			}
			c, _, err := postgres.CompletionAt(ctx, tx, user, tt.id, tt.revision)
			if err != nil {
				return err
			}
			if c.Gone != tt.gone {
				t.Errorf("%s: gone is %t, want %t", tt.name, c.Gone, tt.gone)
			}
			if want, ok := followers[tt.id]; tt.revision > 0 && ok && (c.FollowerID == nil || *c.FollowerID != want) {
				t.Errorf("%s: got follower %v, want %s", tt.name, c.FollowerID, want)
			}
			if _, ok := followers[tt.id]; !ok && c.FollowerID != nil {
				t.Errorf("%s: got follower %s, want none", tt.name, c.FollowerID)
			}
		}
		return nil
	})
}
