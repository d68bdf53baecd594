package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/testkit"
)

// TestOverloadIsRefusedAtOnce takes every connection and fills the queue of 16 waiters for each.
// A further request is refused at once. A waiting request is refused later, with another message.
func TestOverloadIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	const connections = 17 * 8
	ctx, release := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	defer callers.Wait()
	defer release()
	for range connections {
		callers.Go(func() {
			// A caller whose wait ended tries again, so that the queue stays full.
			for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
				_ = p.db.InTx(ctx, func(pgx.Tx) error { <-ctx.Done(); return nil })
			}
		})
	}
	var r reply
	testkit.Eventually(t, "a request is refused without a wait, because the queue is full", func() bool {
		r = p.send(t, "GET", "/api/v1/tasks", nil)
		return strings.Contains(string(r.Body), `"the service is overloaded, try again shortly"`)
	})
	if r.wantProblem(t, 503, "unavailable"); r.Header.Get("Retry-After") == "" {
		t.Error("the answer has no Retry-After")
	}
	release()
	callers.Wait()
	p.send(t, "GET", "/api/v1/tasks", nil).want(t, 200)
}

// TestCrowdWaits lets 100 callers ask for a transaction while others hold the eight connections. All
// wait, and none is refused.
func TestCrowdWaits(t *testing.T) {
	t.Parallel()
	db := newTestAPI(t).db
	const connections, people = 8, 100
	var holding, asking sync.WaitGroup
	release := make(chan struct{})
	callers := make(chan error, connections+people)
	holding.Add(connections)
	for range connections {
		go func() {
			callers <- db.InTx(t.Context(), func(pgx.Tx) error { holding.Done(); <-release; return nil })
		}()
	}
	holding.Wait()
	asking.Add(people)
	for range people {
		go func() {
			asking.Done()
			callers <- db.InTx(t.Context(), func(pgx.Tx) error { return nil })
		}()
	}
	asking.Wait()
	close(release)
	for range connections + people {
		if err := <-callers; err != nil {
			t.Error(err)
		}
	}
}
