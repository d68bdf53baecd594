package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// TestAccountDeletedDuringTheRequest sends requests that pass authentication and then wait for the
// deletion of the account. Each is refused like a request with a session of a deleted account.
func TestAccountDeletedDuringTheRequest(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	for _, c := range []struct {
		name, method, path string
		body               any
		key                string
	}{
		{"create a task", "POST", "/api/v1/tasks", object{"title": "pay rent"}, ""},
		{"create a task once", "POST", "/api/v1/tasks", object{"title": "pay rent"}, "once"},
		{"change a task", "PATCH", "", object{"title": "pay rent"}, ""},
		{"delete a task", "DELETE", "", nil, ""},
		{"import", "POST", "/api/v1/import", object{"version": 1, "tasks": []object{{"title": "pay rent"}}}, ""},
		{"make a token", "POST", "/api/v1/tokens", object{"name": "program", "scopes": []string{"account"}, "password": testPassword}, ""},
		{"add a channel", "POST", "/api/v1/channels", object{"kind": "webhook", "url": "https://example.com/"}, ""},
		{"change the account", "PATCH", "/api/v1/me", object{"time_zone": "Europe/Berlin"}, ""},
		{"change the password", "PATCH", "/api/v1/me", object{"password": "another " + testPassword, "current_password": testPassword}, ""},
		{"delete the account again", "DELETE", "/api/v1/me", object{"password": testPassword}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := a.newPerson(t)
			made := p.newTask(t, object{"title": "water plants"})
			if c.path == "" {
				c.path = taskPath(made.ID)
			}
			answer := make(chan reply, 1)
			err := a.db.InTx(t.Context(), func(tx pgx.Tx) error {
				if _, err := postgres.LockUser(t.Context(), tx, p.ID); err != nil {
					return fmt.Errorf("lock user: %w", err)
				}
				go func() { answer <- p.send(t, c.method, c.path, c.body, header("Idempotency-Key", c.key)) }()
				if err := postgrestest.AwaitWaiter(t.Context(), tx); err != nil {
					return err
				}
				return postgres.DeleteUser(t.Context(), tx, p.ID)
			})
			if err != nil {
				t.Fatal(err)
			}
			(<-answer).wantProblem(t, 401, "unauthorized")
		})
	}
}

// TestLargeAccountIsDeletedInParts deletes an account with more rows than one transaction may delete.
// From the answer on nobody finds the account. Then the retention deletes its rows, and goes on where
// it was interrupted.
func TestLargeAccountIsDeletedInParts(t *testing.T) {
	t.Parallel()
	a := newOAuthAPI(t)
	p, other := a.newPerson(t), a.newPerson(t)
	ownedThings(t, p)
	ownedThings(t, other)
	others := everythingOf(t, other)
	token := p.newToken(t, scopeAccount)
	made := p.newTask(t, object{"title": "pay rent", "due_at": testStart.Add(time.Hour), "reminders": []object{{"minutes_before": 0}}})
	a.exec(t, `INSERT INTO tasks (id, user_id, title, description, priority, tags, time_zone, reminders, revision, created_at, updated_at)
		SELECT gen_random_uuid(), $1, 'imported', '', 'none', '{}', 'UTC', '[]', n, now(), now() FROM generate_series(1, 3000) n`, p.ID)
	a.exec(t, `INSERT INTO task_history (task_id, number, user_id, type, at, detail)
		SELECT t.id, n, $1, 'task.updated', now(), '{}' FROM tasks t, generate_series(1, 2) n WHERE user_id = $1 AND title = 'imported'`, p.ID)
	a.exec(t, `INSERT INTO outbox (id, user_id, shard, topic, type, task_id, revision, event, created_at)
		SELECT gen_random_uuid(), $1, 0, 'task-updates', 'task.created', id, revision, '{}', now() FROM tasks WHERE user_id = $1 AND title = 'imported'`, p.ID)

	p.send(t, "DELETE", "/api/v1/me", object{"password": testPassword}).want(t, 204)

	p.send(t, "GET", "/api/v1/me", nil).wantProblem(t, 401, "unauthorized")
	a.send(t, "GET", "/api/v1/me", nil, bearer(token)).wantProblem(t, 401, "unauthorized")
	a.send(t, "POST", "/api/v1/login", object{"email": p.Email, "password": testPassword}).wantProblem(t, 401, "unauthorized")
	a.send(t, "POST", "/api/v1/signup", object{"email": p.Email, "password": testPassword}).want(t, 201) // the address is free
	a.setTime(testStart.Add(time.Hour))
	events := a.count(t, `SELECT count(*) FROM outbox WHERE topic = 'reminders'`)
	if err := a.reminders.Fire(t.Context(), made.ID, 0); err != nil {
		t.Fatal(err)
	}
	if n := a.count(t, `SELECT count(*) FROM outbox WHERE topic = 'reminders'`); n != events {
		t.Error("a reminder of a deleted account fired")
	}

	// The first attempt is interrupted in the middle.
	a.exec(t, `CREATE FUNCTION interrupt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'interrupted'; END $$`)
	a.exec(t, `CREATE TRIGGER interrupt BEFORE DELETE ON tasks EXECUTE FUNCTION interrupt()`)
	if err := deleteExpired(t.Context(), a.db, a.now()); err == nil {
		t.Fatal("the deletion was not interrupted")
	}
	if n := a.count(t, `SELECT count(*) FROM tasks WHERE user_id = $1`, p.ID); n < 3000 {
		t.Errorf("%d tasks are left, want all", n)
	}
	if n := a.count(t, `SELECT count(*) FROM outbox WHERE user_id = $1`, p.ID); n != 0 {
		t.Errorf("%d events are left, want none", n)
	}
	a.exec(t, `DROP TRIGGER interrupt ON tasks`)
	// No transaction deletes more rows than a batch.
	a.exec(t, `CREATE FUNCTION bound() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF (SELECT count(*) FROM gone) > 500 THEN RAISE 'too many rows in one statement'; END IF; RETURN NULL; END $$`)
	for _, table := range []string{"tasks", "task_history", "outbox"} {
		a.exec(t, `CREATE TRIGGER bound AFTER DELETE ON `+table+` REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION bound()`)
	}
	if err := deleteExpired(t.Context(), a.db, a.now()); err != nil {
		t.Fatal(err)
	}
	if got := everythingOf(t, p); len(got) != 0 {
		t.Errorf("deletion left %s", strings.Join(got, "\n"))
	}
	if got := everythingOf(t, other); strings.Join(got, "\n") != strings.Join(others, "\n") {
		t.Error("deletion of one account changed another")
	}
}
