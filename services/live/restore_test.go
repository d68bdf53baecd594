package main

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

// restore sets the database back to a revision of the person, like a backup. It returns the epochs
// before and after.
func (p *person) restore(revision int) (before, after string) {
	p.t.Helper()
	p.inTx(func(tx pgx.Tx) (err error) {
		if before, err = postgres.Epoch(p.t.Context(), tx); err != nil {
			return err
		}
		for _, sql := range []string{`UPDATE users SET revision = $2 WHERE id = $1`, `DELETE FROM outbox WHERE user_id = $1 AND revision > $2`} {
			if _, err := tx.Exec(p.t.Context(), sql, p.id, revision); err != nil {
				return err
			}
		}
		after, err = postgres.BeginEpoch(p.t.Context(), tx)
		return err
	})
	return before, after
}

// A client that reconnects after a restore must reload, regardless of its revision.
func TestRestoreBetweenTwoConnections(t *testing.T) {
	t.Parallel()
	p, live := setup(t, func(c *config) { c.PingInterval = time.Hour })
	p.change(4)
	before, after := p.restore(2)
	p.change(3) // to 5: the database has grown again
	c := dial(t, live, p, "?since=4&epoch="+before)
	m, err := c.next()
	if err != nil {
		t.Fatal(err)
	}
	if m.Type != typeResync || m.Revision != 5 || m.Epoch != after {
		t.Errorf("got %s %d of epoch %s, want resync 5 of epoch %s", m.Type, m.Revision, m.Epoch, after)
	}
	c.wantHeartbeat(5, time.Hour)

	c = dial(t, live, p, "?since=4&epoch="+after)
	if m, err = c.next(); err != nil {
		t.Fatal(err)
	}
	if m.Type != typeChanged || m.Revision != 5 || m.Epoch != after {
		t.Errorf("of the present epoch: got %s %d of epoch %s, want task.changed 5 of epoch %s", m.Type, m.Revision, m.Epoch, after)
	}
	dial(t, live, p, "?since=4").wantChanges(5, 5) // an older client sends no epoch
	dial(t, live, p, "?epoch="+before).want("resync 5")
}

// A client that is connected during a restore gets a resync within a heartbeat. This holds even if
// the database has reached the client's revision again.
func TestRestoreDuringAConnection(t *testing.T) {
	t.Parallel()
	for name, grown := range map[string]int{"older than the client": 0, "grown to the client": 2, "grown beyond": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, live := setup(t, func(c *config) { c.PingInterval = 200 * time.Millisecond })
			p.change(4)
			c := dial(t, live, p, "?since=4")
			c.wantHeartbeat(4, 200*time.Millisecond)
			_, after := p.restore(2)
			for revision := 3; revision <= 2+grown; revision++ {
				p.change(1)
			}
			var m message
			for m.Revision != int64(2+grown) || m.Epoch != after {
				var err error
				if m, err = c.next(); err != nil {
					t.Fatal(err)
				}
				if m.Type != typeResync && m.Epoch != after {
					t.Fatalf("got %s %d of epoch %s before a resync", m.Type, m.Revision, m.Epoch)
				}
			}
		})
	}
}
