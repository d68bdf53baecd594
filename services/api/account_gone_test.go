package main

import (
	"fmt"
	"testing"

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
