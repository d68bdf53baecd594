package backup_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/backup"
	"taskmaster/internal/delivery"
	"taskmaster/internal/event"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// fill creates an account with rows in every table and returns its user.
func fill(t *testing.T, db *postgres.DB) uuid.UUID {
	t.Helper()
	user := postgrestest.NewUser(t, db, now)
	for _, title := range []string{"line\nbreak\ttab \\. \\N", "snow ☃ 𝄞", `"quoted", 'so'`} {
		if err := change(t.Context(), db, user, title); err != nil {
			t.Fatal(err)
		}
	}
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		for _, sql := range []string{
			`INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES ('\x00ff0a5c', $1, now(), now() + '1 day')`,
			`INSERT INTO devices (token_hash, user_id, created_at, used_at) VALUES ('\x0a0b', $1, now(), now())`,
			`INSERT INTO tokens (id, user_id, name, scopes, token_hash, created_at) VALUES (gen_random_uuid(), $1, 'a program', '{tasks:read,"odd, \"scope\""}', '\x0102', now())`,
			`UPDATE tasks SET recurrence = '{"rrule": "daily"}', tags = '{home,"a,b"}', completed_at = now(), series_id = id WHERE user_id = $1`,
			`INSERT INTO successors (previous_id, task_id, user_id) SELECT gen_random_uuid(), id, user_id FROM tasks WHERE user_id = $1`,
			`INSERT INTO task_history (task_id, number, user_id, type, at, detail) SELECT id, 100, user_id, 'completed', now(), '{"a": 1}' FROM tasks WHERE user_id = $1`,
			`INSERT INTO reminders (task_id, number, user_id, fire_at, state, job_at) SELECT id, 0, user_id, '2030-01-01', 'fired', '2030-01-01' FROM tasks WHERE user_id = $1`,
			`INSERT INTO channels (id, user_id, kind, url, secret, enabled, created_at, updated_at) VALUES (gen_random_uuid(), $1, 'webhook', 'https://example.com', 'whsec_x', true, now(), now())`,
			`INSERT INTO deliveries (id, user_id, channel_id, channel_kind, event_id, event, state, created_at, updated_at)
				SELECT gen_random_uuid(), user_id, id, kind, gen_random_uuid(), '{"a":  1}', 'sent', now(), now() FROM channels WHERE user_id = $1`,
			`INSERT INTO idempotency_keys (user_id, key, request_hash, body, created_at) VALUES ($1, 'k', '\x01', '\x0a', now())`,
			`INSERT INTO oauth_clients (id, fingerprint, name, redirect_uris, created_at, used_at) VALUES ($1::uuid::text, '\x01', 'an assistant', '{https://example.com/}', now(), now())`,
			`INSERT INTO oauth_grants (id, user_id, client_id, client_name, place, created_at, used_at) VALUES ($1, $1, $1::uuid::text, 'an assistant', 'example.com', now(), now())`,
			`INSERT INTO oauth_tokens (hash, kind, grant_id, family, scopes, resource, created_at, expires_at)
				VALUES ('\x0203', 'refresh', $1, gen_random_uuid(), '{tasks:read}', 'https://example.com/mcp', now(), now() + '1 day')`,
			`INSERT INTO links (id, user_id, purpose, address, token_hash, created_at, expires_at)
				VALUES (gen_random_uuid(), $1, 'confirm', 'ada@example.com', '\x0405', now(), now() + '1 hour')`,
			`INSERT INTO address_changes (user_id, address, old_agreed, expires_at) VALUES ($1, 'new@example.com', true, now() + '1 hour')`,
			`INSERT INTO mail_counts (user_id, kind, hour, mails) VALUES ($1, 'link', date_trunc('hour', now()), 1)`,
			`INSERT INTO conversation_state (key, value) VALUES ($1::uuid || '/index', '{}')`,
			`INSERT INTO dead_letters (id, user_id, reason, raw, first_at, last_at) VALUES (gen_random_uuid(), $1, 'why', '\x7b00', now(), now())`,
			`INSERT INTO inbox (consumer, event_id, received_at) SELECT 'notifier', $1, now()`,
		} {
			if _, err := tx.Exec(ctx, sql, user); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		_, err := tx.Exec(ctx, `UPDATE outbox SET published_at = created_at WHERE revision = 1`)
		return err
	})
	queue(t, db)
	return user
}

// queue adds a delivery's job to the queue.
func queue(t *testing.T, db *postgres.DB) {
	t.Helper()
	q, err := delivery.NewQueue()
	if err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, tx pgx.Tx) error { return q.Add(ctx, tx, postgres.Delivery{ID: uuid.New()}) })
}

// rowsOf returns a user's rows of each table as JSON, without the columns that a restore changes.
func rowsOf(t *testing.T, db *postgres.DB, user uuid.UUID) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	in(t, db, func(ctx context.Context, tx pgx.Tx) error {
		tables, err := postgres.BackupTables(ctx, tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			where := `user_id = $1`
			switch table.Name {
			case "users":
				where = `id = $1`
			case "inbox":
				where = `event_id = $1`
			case "oauth_clients":
				where = `id = $1::text`
			case "oauth_tokens":
				where = `grant_id = $1`
			case "river_job":
				where = `$1::uuid IS NOT NULL`
			case "completions": // the test creates none
				continue
			}
			found, err := tx.Query(ctx, `SELECT (to_jsonb(r) - '{published_at,job_at}'::text[])::text FROM `+table.Name+` r WHERE `+where+` ORDER BY 1`, user)
			if err != nil {
				return fmt.Errorf("%s: %w", table.Name, err)
			}
			if rows[table.Name], err = pgx.CollectRows(found, pgx.RowTo[string]); err != nil {
				return fmt.Errorf("%s: %w", table.Name, err)
			}
		}
		return nil
	})
	return rows
}

// change creates a task with a revision and events.
func change(ctx context.Context, db *postgres.DB, user uuid.UUID, title string) error {
	return db.InTx(ctx, func(tx pgx.Tx) error {
		revision, err := postgres.NextRevision(ctx, tx, user)
		if err != nil {
			return err
		}
		made := task.Task{ID: uuid.Must(uuid.NewV7()), Title: title, TimeZone: "UTC", Revision: revision, CreatedAt: now, UpdatedAt: now}
		made.Normalize()
		if _, err := postgres.InsertTask(ctx, tx, user, made); err != nil {
			return err
		}
		return postgres.AppendEvents(ctx, tx, event.New(event.TaskCreated, user, made, now), event.New(event.TaskChanged, user, made, now))
	})
}

func epoch(t *testing.T, db *postgres.DB) (epoch string) {
	t.Helper()
	in(t, db, func(ctx context.Context, tx pgx.Tx) (err error) {
		epoch, err = postgres.Epoch(ctx, tx)
		return err
	})
	return epoch
}

func empty(t *testing.T) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgrestest.EmptyURL(t), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func open(t *testing.T, file string) *backup.Backup {
	t.Helper()
	b, err := backup.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func in(t *testing.T, db *postgres.DB, f func(ctx context.Context, tx pgx.Tx) error) {
	t.Helper()
	if err := db.InTx(t.Context(), func(tx pgx.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}
