package main

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/task"
)

func TestPasswordHash(t *testing.T) {
	t.Parallel()
	h := newHasher(passwordCost)
	encoded, err := h.hash(t.Context(), testPassword)
	if err != nil {
		t.Fatal(err)
	}
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(encoded, want) {
		t.Errorf("got %s, want it to start with %s", encoded, want)
	}
	if again, _ := h.hash(t.Context(), testPassword); again == encoded {
		t.Error("a password has the same hash twice: no salt")
	}
	for name, tt := range map[string]struct {
		password, encoded string
		want, wantErr     bool
	}{
		"right":          {testPassword, encoded, true, false},
		"wrong":          {testPassword + "x", encoded, false, false},
		"empty":          {"", encoded, false, false},
		"decoy":          {"", h.decoy, false, false},
		"other key":      {testPassword, encoded[:len(encoded)-4] + "AAAA", false, false},
		"another scheme": {testPassword, "$2y$10$abcdefghijklmnopqrstuv", false, true},
		"no hash":        {testPassword, "", false, true},
		"no key":         {testPassword, encoded[:strings.LastIndexByte(encoded, '$')], false, true},
		"no passes":      {testPassword, strings.Replace(encoded, "t=2", "t=0", 1), false, true},
		// Created with Argon2id.derive_phc_encoded of Python's cryptography 48.
		"from elsewhere": {"password", "$argon2id$v=19$m=1024,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$9mMiDi2VS5NYjry82+MIrmstu2LTF7bW/v9jU1tuOm4", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := h.verify(t.Context(), tt.password, tt.encoded)
			if got != tt.want || (err != nil) != tt.wantErr {
				t.Errorf("got %v and error %v, want %v and an error: %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestLoginRenewsAnOutdatedHash(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	login := map[string]any{"email": p.Email, "password": testPassword}
	before := passwordHash(t, p)
	p.send(t, "POST", "/api/v1/login", login).want(t, 200)
	if got := passwordHash(t, p); got != before {
		t.Errorf("a login changed a hash of today's cost from %s to %s", before, got)
	}
	a.hasher = newHasher(argonCost{memory: 128, time: 2, threads: 1})
	a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": "not the password"}).want(t, 401)
	if got := passwordHash(t, p); got != before {
		t.Errorf("a refused login changed the hash from %s to %s", before, got)
	}
	a.send(t, "POST", "/api/v1/login", login).want(t, 200)
	if got, want := passwordHash(t, p), "$argon2id$v=19$m=128,t=2,p=1$"; !strings.HasPrefix(got, want) {
		t.Errorf("got hash %s after a login at a new cost, want %s...", got, want)
	}
	a.send(t, "POST", "/api/v1/login", login).want(t, 200)
}

func passwordHash(t *testing.T, p person) (hash string) {
	t.Helper()
	err := p.db.InTx(t.Context(), func(tx pgx.Tx) error {
		u, err := postgres.UserByID(t.Context(), tx, p.ID)
		hash = u.PasswordHash
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestFullHasherRefusesAtOnce(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	login := map[string]any{"email": p.Email, "password": testPassword}

	// Every place is taken and stays taken, so that a request that waits would hang.
	for a.hasher.hashing.TryAcquire(1) {
	}
	leave, err := a.hasher.admit()
	if err != nil {
		t.Fatal(err)
	}
	for _, places := range []*hasher{a.hasher, a.hasher.first} {
		for places.admitted.TryAcquire(1) {
		}
	}
	for name, r := range map[string]reply{
		"login":    a.send(t, "POST", "/api/v1/login", login),
		"sign-up":  a.send(t, "POST", "/api/v1/signup", map[string]any{"email": "new@example.com", "password": testPassword}),
		"deletion": p.send(t, "DELETE", "/api/v1/me", map[string]any{"password": testPassword}),
		"password": p.send(t, "PATCH", "/api/v1/me", map[string]any{"password": "another password", "current_password": testPassword}),
	} {
		if got := r.wantProblem(t, 503, "unavailable").Header.Get("Retry-After"); got != "1" {
			t.Errorf("%s: got Retry-After %q, want 1", name, got)
		}
	}
	p.send(t, "GET", "/api/v1/tasks", nil).want(t, 200)
	p.send(t, "POST", "/api/v1/tasks", map[string]any{"title": "work goes on"}).want(t, 201)

	a.hasher.hashing.Release(1)
	leave()
	a.hasher.first.admitted.Release(1)
	a.send(t, "POST", "/api/v1/login", login).want(t, 200)

	// A waiting caller stops waiting when its context ends.
	if !a.hasher.hashing.TryAcquire(1) {
		t.Fatal("the login did not release the hasher")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.hasher.hash(ctx, testPassword); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}

func TestLoginStormLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	a.hasher = newHasher(passwordCost)
	p := a.newPerson(t)

	const logins = 100
	statuses := make(chan int, logins)
	var storm sync.WaitGroup
	defer storm.Wait() // also when a request below fails
	for range logins {
		storm.Go(func() {
			r := a.send(t, "POST", "/api/v1/login", map[string]any{"email": p.Email, "password": testPassword})
			statuses <- r.Status
		})
	}
	for range 50 {
		p.send(t, "GET", "/api/v1/tasks", nil).want(t, 200)
	}
	storm.Wait()
	close(statuses)
	count := map[int]int{}
	for s := range statuses {
		count[s]++
	}
	if least := runtime.GOMAXPROCS(0); count[200]+count[503] != logins || count[200] < least {
		t.Errorf("got statuses %v, want at least %d times 200 and otherwise 503", count, least)
	}
}

func TestLoginFailsWhenThePasswordChangesMeanwhile(t *testing.T) {
	t.Parallel()
	a := newTestAPI(t)
	p := a.newPerson(t)
	checked := postgres.User{ID: p.ID, PasswordHash: "of another password"}
	gone := postgres.User{PasswordHash: a.hasher.decoy}
	for _, u := range []postgres.User{checked, gone} {
		err := a.db.InTx(t.Context(), func(tx pgx.Tx) error {
			_, err := lockUnchanged(t.Context(), tx, u, postgres.LockUser)
			return err
		})
		if got := task.ErrorCode(err); got != task.CodeUnauthorized {
			t.Errorf("got error %v, want code unauthorized", err)
		}
	}
}
