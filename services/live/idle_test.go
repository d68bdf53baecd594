package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

// heartbeatsPerHour is the number of heartbeats of a socket in an hour, one every 30 seconds.
const heartbeatsPerHour = 120

// idleSetup is setup on a database that counts statements. The service has the shortest interval of
// heartbeats.
func idleSetup(t *testing.T, sleepsAfter time.Duration) (*person, *env, *postgrestest.Counter) {
	t.Helper()
	url := postgrestest.URL(t)
	db, err := postgres.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	p := newPerson(t, db)
	p.url = url
	counter := postgrestest.Count(t, url)
	return p, start(t, counter.URL, func(c *config) {
		c.PingInterval, c.LookFor, c.DatabaseSleepsAfter = 100*time.Millisecond, time.Second, sleepsAfter
	}), counter
}

// idleHour reads the heartbeats of an hour, with three readiness probes for each. It returns the
// number of statements.
func idleHour(t *testing.T, live *env, c *client, counter *postgrestest.Counter) int64 {
	t.Helper()
	before := counter.Statements()
	for range heartbeatsPerHour {
		c.wantHeartbeat(1, 100*time.Millisecond)
		for range 3 {
			res, err := http.Get("http://" + live.addr + "/readyz")
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if sleeps := counter.Statements() == before; sleeps && res.StatusCode != http.StatusOK {
				t.Fatalf("got status %d, want 200", res.StatusCode)
			}
		}
	}
	return counter.Statements() - before
}

func TestAnIdleHourAsksTheDatabaseNothing(t *testing.T) {
	t.Parallel()
	p, live, counter := idleSetup(t, time.Second)
	p.change(1)
	c := dial(t, live, p, "")
	counter.AwaitQuiet(t, time.Second)
	if n := idleHour(t, live, c, counter); n != 0 {
		t.Errorf("an idle hour has %d statements, want none", n)
	}
	// A change arrives immediately. The credential is checked before it is sent.
	publish(t, live, p.change(1)...)
	c.wantChanges(2, 2)
	// A check begins before its statement, so that each is older than authRecheck then.
	counter.AwaitQuiet(t, authRecheck)
	p.inTx(func(tx pgx.Tx) error {
		return postgres.DeleteSession(t.Context(), tx, account.Hash(p.session))
	})
	publish(t, live, p.change(1)...)
	c.wantClosed(statusUnauthorized)
}

// TestIdleHourOfADatabaseThatStaysAwake shows that the other test counts something.
func TestIdleHourOfADatabaseThatStaysAwake(t *testing.T) {
	t.Parallel()
	p, live, counter := idleSetup(t, 0)
	p.change(1)
	if n := idleHour(t, live, dial(t, live, p, ""), counter); n < 4*heartbeatsPerHour {
		t.Errorf("got %d statements, want one for each heartbeat and probe at least", n)
	}
}
