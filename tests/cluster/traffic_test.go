//go:build cluster

package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"taskmaster/tests/system"
)

// These are the number of concurrent users and the pause of each between two requests.
const (
	people = 4
	pause  = 25 * time.Millisecond
)

// refusedOneIn bounds the requests that may be refused as overload (503): one in so many. Everything
// shares two processors, also the start of new pods. A request that fails in another way fails the
// test.
const refusedOneIn = 1000

// traffic is a set of users who read and write continuously.
type traffic struct {
	t      *testing.T
	cancel context.CancelFunc
	wg     sync.WaitGroup
	sent   atomic.Int64

	mu     sync.Mutex
	failed []error
}

func startTraffic(t *testing.T, url string) *traffic {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	f := &traffic{t: t, cancel: cancel}
	for n := range people {
		p := signUp(t, url)
		f.wg.Go(func() { f.use(ctx, p, n%2 == 0) })
	}
	t.Cleanup(func() { cancel(); f.wg.Wait() })
	return f
}

// use sends requests one after another. With anew each request opens a new connection, as some
// programs do.
func (f *traffic) use(ctx context.Context, p *system.Person, anew bool) {
	var header []string
	if anew {
		header = []string{"Connection", "close"}
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		// A request that is under way when the traffic stops is not cut off.
		sending := context.WithoutCancel(ctx)
		var err error
		if n%4 == 0 {
			err = p.Do(sending, "POST", "/tasks", map[string]string{"title": fmt.Sprintf("Task %d", n)}, nil, header...)
		} else {
			err = p.Do(sending, "GET", "/tasks?status=open&limit=5", nil, nil, header...)
		}
		f.sent.Add(1)
		if err != nil {
			f.mu.Lock()
			f.failed = append(f.failed, fmt.Errorf("%s: %w", time.Now().Format(time.TimeOnly), err))
			f.mu.Unlock()
		}
	}
}

// stop stops the traffic and fails the test if a request failed.
func (f *traffic) stop() {
	f.t.Helper()
	f.cancel()
	f.wg.Wait()
	f.t.Logf("%d requests, %d failed", f.sent.Load(), len(f.failed))
	if f.sent.Load() < 100 {
		f.t.Errorf("there were only %d requests", f.sent.Load())
	}
	failed := slices.DeleteFunc(slices.Clone(f.failed), func(err error) bool {
		var problem *system.Problem
		return errors.As(err, &problem) && problem.Status == http.StatusServiceUnavailable
	})
	if refused := int64(len(f.failed) - len(failed)); refused*refusedOneIn > f.sent.Load() {
		f.t.Errorf("%d requests were refused, the last with %v", refused, f.failed[len(f.failed)-1])
	}
	for i, err := range failed {
		if i == 10 {
			f.t.Errorf("and %d more", len(failed)-i)
			break
		}
		f.t.Error(err)
	}
}
