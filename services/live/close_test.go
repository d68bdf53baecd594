package main

import (
	"errors"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/account"
	"taskmaster/internal/postgres"
)

func TestEndedSessionCloses(t *testing.T) {
	t.Parallel()
	p, live := setup(t, func(c *config) { c.PingInterval = 100 * time.Millisecond })
	other := newPerson(t, p.db)
	c, theirs := dial(t, live, p, "?since=0"), dial(t, live, other, "?since=0")
	p.inTx(func(tx pgx.Tx) error { return postgres.DeleteSession(t.Context(), tx, account.Hash(p.session)) })
	c.wantClosed(statusUnauthorized)

	publish(t, live, other.change(1)...)
	theirs.want("task.changed 1")
}

// TestEndedSessionGetsNothing shows that a session gets no further changes shortly after its end,
// long before the next heartbeat.
func TestEndedSessionGetsNothing(t *testing.T) {
	t.Parallel()
	p, live := setup(t, func(c *config) { c.PingInterval = time.Hour })
	c := dial(t, live, p, "?since=0")
	publish(t, live, p.change(1)...)
	c.want("task.changed 1")
	p.inTx(func(tx pgx.Tx) error { return postgres.DeleteSession(t.Context(), tx, account.Hash(p.session)) })
	for start := time.Now(); time.Since(start) < deadline; {
		publish(t, live, p.change(1)...)
		_, _, err := c.conn.Read(t.Context())
		if err == nil {
			continue
		}
		if got := websocket.CloseStatus(err); got != statusUnauthorized {
			t.Fatalf("got %v, want it closed as unauthorized", err)
		}
		return
	}
	t.Fatal("the socket still gets changes after its session has ended")
}

func TestDeletedUserCloses(t *testing.T) {
	t.Parallel()
	p, live := setup(t, func(c *config) { c.PingInterval = 100 * time.Millisecond })
	c := dial(t, live, p, "?since=0")
	p.inTx(func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM users WHERE id = $1`, p.id)
		return err
	})
	c.wantClosed(statusUnauthorized)
}

func TestClientMessageCloses(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	c := dial(t, live, p, "")
	if err := c.conn.Write(t.Context(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	c.wantClosed(websocket.StatusPolicyViolation)
}

func TestStop(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	p.change(2)
	// One client has received messages, and the other has not.
	streaming, idle := dial(t, live, p, "?since=0"), dial(t, live, newPerson(t, p.db), "")
	streaming.wantChanges(1, 2)
	live.stop()
	streaming.wantClosed(websocket.StatusGoingAway)
	idle.wantClosed(websocket.StatusGoingAway)
	select {
	case err := <-live.done:
		if err != nil {
			t.Errorf("run returned %v, want nil", err)
		}
	case <-time.After(deadline):
		t.Fatal("run did not return")
	}
}

func TestStopDoesNotWaitForDeafPeers(t *testing.T) {
	t.Parallel()
	p, live := setup(t, nil)
	dial(t, live, p, "?since=0") // it reads nothing, so it does not answer the closing handshake
	live.stop()
	select {
	case err := <-live.done:
		if err != nil {
			t.Errorf("run returned %v, want nil", err)
		}
	case <-time.After(deadline):
		t.Fatal("run did not return")
	}
}

// While all database reads are taken, a client that must catch up is closed and asked to return
// later.
func TestReplaysAreBounded(t *testing.T) {
	t.Parallel()
	p, _ := setup(t, nil)
	p.change(1)
	h := newHistory(p.db, 1)
	h.timeout = 50 * time.Millisecond
	if !h.reads.TryAcquire(1) {
		t.Fatal("a new history has no free read")
	}
	_, _, err := h.after(t.Context(), p.id, 0)
	if got := reason(err); !errors.Is(got, errTryLater) {
		t.Errorf("without a free read got %v, want %v", got, errTryLater)
	}
	h.reads.Release(1)
	h.timeout = readTimeout
	u, changes, err := h.after(t.Context(), p.id, 0)
	if err != nil || u.Revision != 1 || len(changes) != 1 {
		t.Errorf("with a free read got %d, %d changes, %v, want 1, 1 change", u.Revision, len(changes), err)
	}
}
