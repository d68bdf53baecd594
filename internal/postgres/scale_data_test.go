package postgres_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/event"
	"taskmaster/internal/history"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/task"
)

// scaleFixture is a database with 700,000 rows of 1,000 users. One of them is the user of the calls.
type scaleFixture struct {
	db *postgres.DB
	// measured has one connection, and generic plans.
	measured *postgres.DB
	user     postgres.User
	// Everything below belongs to the user.
	tasks     []uuid.UUID // in order
	task      task.Task
	channel   postgres.Channel
	delivery  postgres.Delivery
	session   postgres.Session
	device    []byte
	token     uuid.UUID
	tokenHash []byte
	reminder  postgres.Reminder
	letter    uuid.UUID
	grant     postgres.OAuthGrant
	access    postgres.OAuthToken
	link      postgres.Link
	now       time.Time
}

// scaleRows makes the rows. Ages are up to a year before $1, and up to a month after it. Purges find
// nothing to do: that is when they must not read everything.
const scaleRows = `
	INSERT INTO users (id, email, password_hash, revision, created_at)
		SELECT gen_random_uuid(), n || '@example.com', '-', 450, at FROM generate_series(1, 1000) n;
	INSERT INTO tasks (id, user_id, title, description, completed_at, priority, tags, due_at, time_zone, reminders, series_id, revision, created_at, updated_at)
		SELECT gen_random_uuid(), u.id, 'pay rent', '', CASE WHEN n % 3 = 0 THEN at - n * interval '1 day' END, 'none', '{home}',
			CASE WHEN n % 4 > 0 THEN at + (n - 120) * interval '1 day' END, 'UTC', '[]', CASE WHEN n % 5 = 0 THEN gen_random_uuid() END, n, at, at
		FROM users u, generate_series(1, 150) n;
	INSERT INTO task_history (task_id, number, user_id, type, at, detail)
		SELECT id, 1, user_id, 'created', created_at, '{}' FROM tasks;
	INSERT INTO outbox (id, user_id, shard, topic, type, task_id, revision, event, created_at, published_at)
		SELECT gen_random_uuid(), user_id, abs(hashtext(user_id::text)) % 16, 'task-updates', 'task.changed', id, revision, '{"type": "test"}',
			at - revision * interval '1 hour', at - revision * interval '1 hour' FROM tasks ORDER BY revision DESC;
	INSERT INTO reminders (task_id, number, user_id, fire_at, state, job_at)
		SELECT id, 0, user_id, coalesce(due_at, at), CASE WHEN due_at > at THEN 'pending' ELSE 'fired' END, CASE WHEN due_at > at THEN due_at END
		FROM tasks WHERE revision > 30;
	INSERT INTO channels (id, user_id, kind, url, enabled, created_at, updated_at)
		SELECT gen_random_uuid(), id, 'webhook', 'https://example.com/', true, at, at FROM users;
	INSERT INTO deliveries (id, user_id, channel_id, channel_kind, event_id, task_id, event, state, created_at, updated_at)
		SELECT gen_random_uuid(), c.user_id, c.id, 'webhook', gen_random_uuid(), gen_random_uuid(), '{"type": "test"}', 'failed', at, at
		FROM channels c, generate_series(1, 20);
	INSERT INTO inbox (consumer, event_id, received_at) SELECT 'notifier', event_id, at FROM deliveries;
	INSERT INTO idempotency_keys (user_id, key, request_hash, created_at) SELECT id, 'key', '', at FROM users;
	INSERT INTO sessions (token_hash, user_id, created_at, expires_at)
		SELECT sha256(id::text::bytea), id, at, at + interval '1 month' FROM users;
	INSERT INTO devices (token_hash, user_id, created_at, used_at)
		SELECT sha256((id::text || n)::bytea), id, at, at FROM users, generate_series(1, 10) n;
	INSERT INTO tokens (id, user_id, name, scopes, token_hash, created_at)
		SELECT gen_random_uuid(), id, 'script', '{tasks:read}', sha256(('token ' || id)::bytea), at FROM users;
	INSERT INTO completions (user_id, task_id, revision, gone_at)
		SELECT user_id, id, revision, CASE WHEN revision = 150 THEN at END FROM tasks WHERE completed_at IS NOT NULL AND revision > 100;
	INSERT INTO dead_letters (id, user_id, topic, type, task_id, reason, raw, first_at, last_at, state, settled_at)
		SELECT gen_random_uuid(), id, 'task-events', 'task.created', gen_random_uuid(), 'unknown', '{}', at, at, 'discarded', at FROM users;
	INSERT INTO oauth_clients (id, fingerprint, name, redirect_uris, created_at, used_at)
		SELECT id, id::text::bytea, 'assistant', '{https://example.com/}', at, at FROM users;
	INSERT INTO oauth_grants (id, user_id, client_id, client_name, place, created_at, used_at)
		SELECT gen_random_uuid(), id, id, 'assistant', 'example.com', at, at FROM users;
	INSERT INTO oauth_tokens (hash, kind, grant_id, family, scopes, resource, created_at, expires_at)
		SELECT sha256((id::text || n)::bytea), 'access', id, id, '{tasks:read}', 'https://example.com/mcp', at, at + interval '1 month'
		FROM oauth_grants, generate_series(1, 10) n;
	INSERT INTO links (id, user_id, purpose, address, token_hash, created_at, expires_at)
		SELECT gen_random_uuid(), u.id, p.purpose, u.email, sha256((p.purpose || u.id)::bytea), at, at + interval '1 hour'
		FROM users u, (VALUES ('confirm'), ('reset'), ('leave'), ('join')) p (purpose);
	INSERT INTO address_changes (user_id, address, old_agreed, expires_at) SELECT id, email, false, at + interval '1 hour' FROM users;
	INSERT INTO mail_counts (user_id, kind, hour, mails) SELECT id, 'links', date_trunc('hour', at), 1 FROM users;
	INSERT INTO conversation_state (key, value) SELECT id || '/' || n, '{}' FROM users, generate_series(1, 10) n;
	INSERT INTO usage_changes (user_id, store, bytes) SELECT id, 'deliveries', 500 FROM users;
	INSERT INTO river_job (state, args, kind, max_attempts, priority, queue, scheduled_at, finalized_at)
		SELECT 'completed', jsonb_build_object('delivery_id', id), 'delivery', 25, 1, 'default', at, at FROM deliveries;
`

func newScaleFixture(t *testing.T) *scaleFixture {
	t.Helper()
	url := postgrestest.URL(t)
	open := func(url string, conns int) *postgres.DB {
		db, err := postgres.Open(t.Context(), url, conns)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return db
	}
	f := &scaleFixture{db: open(url, 2), measured: open(url+"&plan_cache_mode=force_generic_plan", 1), now: base}
	// Autovacuum would read pages while a call is measured.
	execute(t, f.db, `DO $$ DECLARE t record; BEGIN
		FOR t IN SELECT oid::regclass AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
		LOOP EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', t.name); END LOOP; END $$`)
	execute(t, f.db, fmt.Sprintf("DO $rows$ DECLARE at timestamptz := '%s'; BEGIN %s END $rows$", base.Format(time.RFC3339), scaleRows))
	// The planner knows the tables as it does on a server that has run for a while.
	if _, err := f.db.Pool().Exec(t.Context(), `VACUUM ANALYZE`); err != nil {
		t.Fatal(err)
	}
	in(t, f.db, f.find)
	return f
}

// find reads what belongs to the user in the middle.
func (f *scaleFixture) find(ctx context.Context, tx pgx.Tx) error {
	var id, channel, delivery uuid.UUID
	err := tx.QueryRow(ctx, `SELECT id FROM users ORDER BY id OFFSET 500 LIMIT 1`).Scan(&id)
	if err != nil {
		return err
	}
	if f.user, err = postgres.UserByID(ctx, tx, id); err != nil {
		return err
	}
	if f.tasks, err = postgres.TaskIDs(ctx, tx, id); err != nil {
		return err
	}
	err = tx.QueryRow(ctx, `SELECT c.id, d.id, s.token_hash, t.id, t.token_hash, l.id
		FROM channels c JOIN deliveries d USING (user_id) JOIN sessions s USING (user_id) JOIN tokens t USING (user_id) JOIN dead_letters l USING (user_id)
		WHERE user_id = $1 LIMIT 1`, id).Scan(&channel, &delivery, &f.session.TokenHash, &f.token, &f.tokenHash, &f.letter)
	if err != nil {
		return err
	}
	err = tx.QueryRow(ctx, `SELECT token_hash FROM devices WHERE user_id = $1 LIMIT 1`, id).Scan(&f.device)
	if err != nil {
		return err
	}
	if f.link, err = postgres.LinkByHash(ctx, tx, hashOf(postgres.LinkReset+id.String()), f.now); err != nil {
		return err
	}
	if f.session, err = postgres.SessionByHash(ctx, tx, f.session.TokenHash); err != nil {
		return err
	}
	if f.channel, err = postgres.ChannelByID(ctx, tx, id, channel); err != nil {
		return err
	}
	if f.delivery, err = postgres.DeliveryByID(ctx, tx, id, delivery); err != nil {
		return err
	}
	grants, err := postgres.OAuthGrants(ctx, tx, id, f.now)
	if err != nil || len(grants) != 1 {
		return fmt.Errorf("got grants %v, %w", grants, err)
	}
	f.grant = grants[0]
	err = tx.QueryRow(ctx, `SELECT hash FROM oauth_tokens WHERE grant_id = $1 LIMIT 1`, f.grant.ID).Scan(&f.access.Hash)
	if err != nil {
		return err
	}
	if f.access, err = postgres.OAuthTokenByHash(ctx, tx, f.access.Hash); err != nil {
		return err
	}
	var reminded uuid.UUID
	err = tx.QueryRow(ctx, `SELECT task_id FROM reminders WHERE user_id = $1 AND state = 'pending' LIMIT 1`, id).Scan(&reminded)
	if err != nil {
		return err
	}
	if f.reminder, err = postgres.ReminderByID(ctx, tx, reminded, 0); err != nil {
		return err
	}
	if f.task, err = postgres.TaskByID(ctx, tx, id, f.tasks[75]); err != nil {
		return err
	}
	// Otherwise the server counts these pages later, beside those of a call.
	_, err = tx.Exec(ctx, `SELECT pg_stat_force_next_flush()`)
	return err
}

// newTask returns a task that is not stored.
func (f *scaleFixture) newTask() task.Task {
	made := f.task
	made.ID = uuid.Must(uuid.NewV7())
	return made
}

// changed returns the events of a change.
func (f *scaleFixture) changed() []event.Event {
	of := f.task
	of.Revision = f.user.Revision + 1
	return []event.Event{event.New(event.TaskUpdated, f.user.ID, of, f.now), event.New(event.TaskChanged, f.user.ID, of, f.now)}
}

// completion returns a completion that is not stored.
func (f *scaleFixture) completion() postgres.Completion {
	return postgres.Completion{UserID: f.user.ID, TaskID: f.task.ID, Revision: f.user.Revision + 1}
}

func (f *scaleFixture) wanted() map[uuid.UUID]map[int]time.Time {
	return map[uuid.UUID]map[int]time.Time{f.task.ID: {0: f.now.Add(time.Hour)}}
}

// entry is an entry of a history that no event describes.
func (f *scaleFixture) entry() history.Entry { return history.Entry{Type: history.Changed, At: f.now} }

func (f *scaleFixture) newChannel() postgres.Channel {
	made := f.channel
	made.ID = uuid.New()
	return made
}

// browser returns a channel of a browser that is not stored.
func (f *scaleFixture) browser() postgres.Channel {
	made := f.newChannel()
	made.Kind, made.Subscription = postgres.ChannelWebPush, &postgres.Subscription{Endpoint: "https://example.com/push"}
	return made
}

// longAgo is before everything that is stored.
func (f *scaleFixture) longAgo() time.Time { return f.now.AddDate(-1, 0, 0) }

func (f *scaleFixture) tomorrow() *time.Time { return new(f.now.AddDate(0, 0, 1)) }

func (f *scaleFixture) position() *postgres.TaskPosition {
	return &postgres.TaskPosition{DueAt: f.task.DueAt, ID: f.task.ID}
}

func (f *scaleFixture) completed() *postgres.TaskPosition {
	return &postgres.TaskPosition{CompletedAt: new(f.now.AddDate(0, 0, -60)), ID: f.task.ID}
}

// hashOf returns the SHA-256 of a token.
func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// newLink returns a link that is not stored.
func (f *scaleFixture) newLink() postgres.Link {
	made := f.link
	made.ID = uuid.New()
	return made
}

// newAccess returns an access token that is not stored.
func (f *scaleFixture) newAccess() postgres.OAuthToken {
	made := f.access
	made.Hash = []byte("new")
	return made
}
