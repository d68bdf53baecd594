package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// Two processes purge at the same time. Each leaves out the rows that the other holds: if they waited
// for each other's rows, they could deadlock.
func TestPurgesWaitForNobody(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	user := postgrestest.NewUser(t, db, base)
	for table, of := range map[string]struct {
		insert string // two rows
		purge  func(ctx context.Context, tx pgx.Tx, before time.Time, limit int) (int64, error)
	}{
		"idempotency_keys": {`INSERT INTO idempotency_keys (user_id, key, request_hash, created_at) SELECT $1, n, '', $2 FROM generate_series(1, 2) n`, postgres.PurgeIdempotencyKeys},
		"inbox":            {`INSERT INTO inbox (consumer, event_id, received_at) SELECT c, $1::uuid, $2::timestamptz FROM unnest('{notifier,recurring}'::text[]) c`, postgres.PurgeInbox},
		"dead_letters": {`INSERT INTO dead_letters (id, user_id, topic, type, task_id, reason, raw, first_at, last_at, state, settled_at)
			SELECT gen_random_uuid(), $1, 'task-events', 'task.created', gen_random_uuid(), 'unknown', '{}', $2, $2, 'discarded', $2 FROM generate_series(1, 2)`, postgres.PurgeDeadLetters},
		"oauth_clients": {`INSERT INTO oauth_clients (id, fingerprint, name, redirect_uris, created_at, used_at)
			SELECT gen_random_uuid(), n::text::bytea, $1::uuid::text, '{https://example.com/}', $2, $2 FROM generate_series(1, 2) n`, postgres.PurgeOAuthClients},
		"outbox": {`INSERT INTO outbox (id, user_id, shard, topic, type, task_id, revision, event, created_at, published_at)
			SELECT gen_random_uuid(), $1, 1, 'task-updates', 'task.changed', gen_random_uuid(), n, '{}', $2, $2 FROM generate_series(1, 2) n`, postgres.PurgeOutbox},
		"devices":  {`INSERT INTO devices (token_hash, user_id, created_at, used_at) SELECT n::text::bytea, $1, $2, $2 FROM generate_series(1, 2) n`, postgres.PurgeDevices},
		"sessions": {`INSERT INTO sessions (token_hash, user_id, created_at, expires_at) SELECT n::text::bytea, $1, $2, $2 FROM generate_series(1, 2) n`, postgres.PurgeSessions},
	} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			if _, err := db.Pool().Exec(t.Context(), of.insert, user, base); err != nil {
				t.Fatal(err)
			}
			end := hold(t, db, `SELECT FROM `+table+` LIMIT 1 FOR UPDATE`)
			in(t, db, func(ctx context.Context, tx pgx.Tx) error {
				if n, err := of.purge(ctx, tx, base.Add(time.Hour), 10); n != 1 || err != nil {
					t.Errorf("beside a row that is held: purged %d, %v; want 1", n, err)
				}
				return nil
			})
			end()
		})
	}
}
