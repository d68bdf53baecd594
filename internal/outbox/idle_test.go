package outbox

import (
	"context"
	"testing"
	"time"

	"taskmaster/internal/idle"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/testkit"
)

// asleep returns a Monitor of a service that has fallen asleep.
func asleep(t *testing.T) *idle.Monitor {
	t.Helper()
	m := idle.New(time.Millisecond)
	testkit.Eventually(t, "the service is asleep", func() bool { return !m.Awake() })
	return m
}

// touched reports whether f wakes a service that was asleep.
func touched(t *testing.T, m *idle.Monitor, f func()) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	woken := make(chan error, 1)
	waiting := make(chan struct{})
	go func() {
		close(waiting)
		woken <- m.Wait(ctx)
	}()
	<-waiting
	time.Sleep(10 * time.Millisecond) // until Wait blocks
	f()
	time.AfterFunc(100*time.Millisecond, cancel)
	return <-woken == nil
}

// A relay that finds events or fails stays awake. Otherwise events of other processes would wait.
func TestWorkKeepsAwake(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 1)
	r := f.relay(f.publish)
	r.Idle = asleep(t)
	look := func(once func(context.Context) error) func() {
		return func() {
			if err := once(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	if touched(t, r.Idle, look(r.pollOnce)) || touched(t, r.Idle, look(r.fullScanOnce)) {
		t.Error("a relay without events stays awake")
	}
	f.change(t, f.users[0], 1)
	if !touched(t, r.Idle, look(r.pollOnce)) {
		t.Error("a poll that finds events lets the service sleep")
	}
	if !touched(t, r.Idle, look(r.fullScanOnce)) {
		t.Error("a full scan that finds events lets the service sleep")
	}
	if !touched(t, r.Idle, func() { _ = r.stayAwake(errAway) }) {
		t.Error("a failure lets the service sleep")
	}
	if !touched(t, r.Idle, func() { r.Wake(f.users[0]) }) {
		t.Error("a commit does not wake the service")
	}
}

// A relay that slept publishes the events of a commit, and then those of another process.
func TestCommitWakesASleepingRelay(t *testing.T) {
	t.Parallel()
	database := postgrestest.URL(t)
	counter := postgrestest.Count(t, database)
	open := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url, relayCallers)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		return db
	}
	f := newFixtureOn(t, open(database), 2)
	r := f.relay(f.publish)
	r.DB, r.Idle = open(counter.URL), idle.New(700*time.Millisecond)
	start(t, r)
	counter.AwaitQuiet(t, 2*fullScanInterval)
	f.change(t, f.users[1], 1) // of a process that died
	time.Sleep(2 * fullScanInterval)
	if got := f.pending(t); got != 2 {
		t.Fatalf("%d events are pending, want both: the relay sleeps", got)
	}
	f.change(t, f.users[0], 1)
	r.Wake(f.users[0])
	f.awaitNothingPending(t)
	wantEach(t, f.events(), f.users, 1, true)
}
