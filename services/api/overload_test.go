package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Who comes when every connection is held and three wait for each is refused at once. Who waits is refused as well in the end,
// in other words.
func TestOverloadIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	const places = 4 * 8
	ctx, release := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	defer callers.Wait()
	defer release()
	for range places {
		callers.Go(func() {
			// Who has waited in vain comes again, so that the places stay taken.
			for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
				_ = p.db.InTx(ctx, func(pgx.Tx) error { <-ctx.Done(); return nil })
			}
		})
	}
	var r reply
	eventually(t, "all places are taken and a request is refused without having waited", func() bool {
		r = p.send(t, "GET", "/api/v1/tasks", nil)
		return strings.Contains(string(r.Body), `"the service is overloaded, try again shortly"`)
	})
	if r.wantProblem(t, 503, "unavailable"); r.Header.Get("Retry-After") == "" {
		t.Error("it is not said when to come again")
	}
	release()
	callers.Wait()
	p.send(t, "GET", "/api/v1/tasks", nil).want(t, 200)
}
