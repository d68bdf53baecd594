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

// TestOverloadIsRefusedAtOnce takes every connection and fills the queue of three waiters for each.
// A further request is refused at once. A waiting request is refused later, with another message.
func TestOverloadIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	const connections = 4 * 8
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
