package main

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// longAgo is longer than any retention period.
const longAgo = deviceRetention + time.Hour

// seedRows adds n rows of an age to every purged table.
func seedRows(t *testing.T, db *postgres.DB, n int, at time.Time) {
	t.Helper()
	user := uuid.New()
	for _, sql := range []string{
		`INSERT INTO users (id, email, password_hash, created_at) VALUES ($2, $2::text, '', $3)`,
		`INSERT INTO outbox (id, user_id, shard, topic, type, task_id, revision, event, created_at, published_at)
			SELECT gen_random_uuid(), $2, 0, 'task-events', 'task.created', gen_random_uuid(), i, '{}', $3, $3 FROM generate_series(1, $1) i`,
		`INSERT INTO inbox (consumer, event_id, received_at) SELECT 'notifier', gen_random_uuid(), $3 FROM generate_series(1, $1)`,
		`INSERT INTO reminders (task_id, number, user_id, fire_at, state) SELECT gen_random_uuid(), 0, $2, $3, 'fired' FROM generate_series(1, $1)`,
		`INSERT INTO deliveries (id, user_id, channel_kind, event_id, event, state, created_at, updated_at)
			SELECT gen_random_uuid(), $2, 'email', gen_random_uuid(), '{}', 'sent', $3, $3 FROM generate_series(1, $1)`,
		`INSERT INTO dead_letters (id, user_id, reason, raw, first_at, last_at, state, settled_at)
			SELECT gen_random_uuid(), $2, '', '', $3, $3, 'replayed', $3 FROM generate_series(1, $1)`,
		`INSERT INTO completions (user_id, task_id, revision, gone_at) SELECT $2, gen_random_uuid(), 1, $3 FROM generate_series(1, $1)`,
		`INSERT INTO idempotency_keys (user_id, key, request_hash, created_at) SELECT $2, i::text, '', $3 FROM generate_series(1, $1) i`,
		`INSERT INTO sessions (token_hash, user_id, created_at, expires_at)
			SELECT sha256(gen_random_uuid()::text::bytea), $2, $3, $3 FROM generate_series(1, $1)`,
		`INSERT INTO oauth_clients (id, fingerprint, name, redirect_uris, created_at, used_at)
			SELECT gen_random_uuid()::text, sha256(gen_random_uuid()::text::bytea), '', '{}', $3, $3 FROM generate_series(1, $1)`,
		`INSERT INTO oauth_grants (id, user_id, client_id, client_name, place, created_at, used_at)
			SELECT gen_random_uuid(), $2, gen_random_uuid()::text, '', '', $3, $3 FROM generate_series(1, $1)`,
		`INSERT INTO oauth_tokens (hash, kind, grant_id, family, scopes, resource, created_at, expires_at)
			SELECT sha256(id::text::bytea), 'access', id, id, '{}', '', $3, $3 FROM oauth_grants WHERE user_id = $2`,
		`INSERT INTO devices (token_hash, user_id, created_at, used_at) SELECT sha256(i::text::bytea), $2, $3, $3 FROM generate_series(1, $1) i`,
		`INSERT INTO links (id, user_id, purpose, address, created_at, expires_at) SELECT gen_random_uuid(), $2, 'reset', '', $3, $3 FROM generate_series(1, $1)`,
	} {
		err := db.InTx(t.Context(), func(tx pgx.Tx) error {
			// Every statement names all parameters with their types.
			_, err := tx.Exec(t.Context(), `WITH given AS (SELECT $1::int, $2::uuid, $3::timestamptz) `+sql, n, user, at)
			return err
		})
		if err != nil {
			t.Fatalf("%v: %s", err, sql)
		}
	}
}

func TestRetentionDeletesExpiredRows(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	now := time.Now()
	const old = purgeBatch + 3
	seedRows(t, db, old, now.Add(-longAgo))
	seedRows(t, db, 2, now.Add(-eventRetention-time.Hour))
	seedRows(t, db, 1, now.Add(time.Hour))
	removed, err := purgeOnce(t.Context(), db, now)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{
		"outbox": old + 2, "inbox": old, "reminders": old, "deliveries": old, "dead_letters": old, "completions": old,
		"idempotency_keys": old + 2, "sessions": old + 2, "oauth_clients": old, "oauth_grants": old + 2, "oauth_tokens": old + 2, "devices": old, "links": old + 2,
	}
	if !maps.Equal(removed, want) {
		t.Errorf("removed %v, want %v", removed, want)
	}
	if err := foldUsage(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	postgrestest.InTx(t, db, func(tx pgx.Tx) error {
		var waiting int
		err := tx.QueryRow(t.Context(), `SELECT count(*) FROM usage_changes`).Scan(&waiting)
		if waiting != 0 {
			t.Errorf("%d changes of usage wait after retention", waiting)
		}
		return err
	})
	for name, n := range want {
		err := db.InTx(t.Context(), func(tx pgx.Tx) error {
			var left int64
			err := tx.QueryRow(t.Context(), fmt.Sprintf(`SELECT count(*) FROM %s`, name)).Scan(&left)
			if want := old + 2 + 1 - n; left != want {
				t.Errorf("%s: %d rows left, want %d", name, left, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRetentionKeepsWaitingRows(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	p.newTask(t, object{"title": "unpublished", "due_at": minute(60)})
	p.receiveDeadLetter(t, []byte("not JSON"))
	// Completions of a task that exists, of a deleted task, and of a deleted task with a dead
	// letter.
	for _, deleted := range []any{nil, testStart, testStart} {
		p.exec(t, `INSERT INTO completions (user_id, task_id, revision, gone_at) VALUES ($1, gen_random_uuid(), 1, $2)`, p.ID, deleted)
	}
	p.exec(t, `INSERT INTO dead_letters (id, user_id, task_id, reason, raw, first_at, last_at)
		SELECT gen_random_uuid(), user_id, task_id, '', '', $1, $1 FROM completions WHERE gone_at IS NOT NULL LIMIT 1`, testStart)
	if _, err := purgeOnce(t.Context(), p.db, testStart.Add(time.Hour*24*365)); err != nil {
		t.Fatal(err)
	}
	if got := p.count(t, `SELECT count(*) FROM dead_letters`); got != 2 {
		t.Errorf("%d dead letters are left, want 2", got)
	}
	if got := p.count(t, `SELECT count(*) FROM completions`); got != 2 {
		t.Errorf("%d completions are left, want those of the existing task and of the dead letter", got)
	}
	// No relay has published the events and no sweep has fired the reminder. Their age does not
	// matter.
	if got := len(p.events(t)); got != 2 {
		t.Errorf("%d events are left, want 2", got)
	}
	if got := p.count(t, `SELECT count(*) FROM reminders`); got != 1 {
		t.Errorf("%d reminders are left, want 1", got)
	}
}

func TestOneReplicaPurgesAtATime(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	now := time.Now()
	seedRows(t, db, 1, now.Add(-longAgo))
	err := db.InTx(t.Context(), func(tx pgx.Tx) error {
		if mine, err := postgres.TryHousekeeping(t.Context(), tx); !mine || err != nil {
			t.Fatalf("got %v, %v; want the right to purge", mine, err)
		}
		removed, err := purgeOnce(t.Context(), db, now)
		if len(removed) > 0 {
			t.Errorf("a second replica deleted %v", removed)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := purgeOnce(t.Context(), db, now); err != nil || len(removed) != len(purges) {
		t.Errorf("afterwards: deleted %v, error %v; want a row of each", removed, err)
	}
}
