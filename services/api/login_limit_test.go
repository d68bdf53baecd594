package main

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
)

// TestKnownDevices shows which devices an account knows, and that a token that was planted in a
// browser does not become known to the one who planted it.
func TestKnownDevices(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p, other := a.newPerson(t), a.newPerson(t)
	login := func(p person, cookies string) string {
		t.Helper()
		return deviceOf(t, a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": testPassword}, device(cookies)).want(t, 200))
	}
	wantKnown := func(p person, token string, want bool) {
		t.Helper()
		err := a.db.InTx(t.Context(), func(tx pgx.Tx) error {
			got, err := postgres.IsDevice(t.Context(), tx, p.Email, account.Hash(token))
			if got != want {
				t.Errorf("%s: the device is known: %v, want %v", p.Email, got, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	planted := login(other, "not a device")
	if planted == "not a device" {
		t.Fatal("a token that is not ours is kept")
	}
	wantKnown(other, planted, true)
	if again := login(other, planted); again != planted {
		t.Error("a known device gets another token")
	}
	wantKnown(p, planted, false)
	shared := login(p, planted)
	wantKnown(p, planted, false)
	wantKnown(other, planted, false)
	wantKnown(p, shared, true)
	wantKnown(other, shared, true)

	// A changed password forgets the devices but the current one, and a logout none.
	second := login(p, "")
	p.send(t, "PATCH", "/api/v1/me", map[string]any{"password": "another pass phrase", "current_password": testPassword}, device(shared)).want(t, 200)
	wantKnown(p, shared, true)
	wantKnown(p, second, false)
	p.send(t, "POST", "/api/v1/logout", nil, device(shared)).want(t, 204)
	wantKnown(p, shared, true)
	wantKnown(other, shared, true)
}

func TestDevicesAreBounded(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	err := a.db.InTx(t.Context(), func(tx pgx.Tx) error {
		for i := range postgres.MaxDevices + 5 {
			if _, err := postgres.UseDevice(t.Context(), tx, p.ID, nil, []byte{byte(i)}, a.instant()); err != nil {
				return err
			}
		}
		var n int
		if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM devices WHERE user_id = $1`, p.ID).Scan(&n); err != nil {
			return err
		}
		if n != postgres.MaxDevices {
			t.Errorf("got %d devices, want %d", n, postgres.MaxDevices)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKnownDevicesGoFirst fills the places of unknown devices. A known device and a session still
// have a place, and wait for no unknown device that waits.
func TestKnownDevicesGoFirst(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	login := map[string]any{"email": p.Email, "password": testPassword}
	known := deviceOf(t, a.send(t, "POST", "/api/v1/login", login).want(t, 200))
	for a.hasher.admitted.TryAcquire(1) {
	}
	for a.hasher.next.TryAcquire(1) {
	}
	a.send(t, "POST", "/api/v1/login", login).wantProblem(t, 503, "unavailable")
	a.send(t, "POST", "/api/v1/login", login, device(known)).want(t, 200)
	p.send(t, "PATCH", "/api/v1/me", map[string]any{"password": "another pass phrase", "current_password": testPassword}).want(t, 200)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.hasher.hash(ctx, testPassword); err == nil {
		t.Error("an unknown device does not wait for its turn")
	}
}
