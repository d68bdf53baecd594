package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/system"
)

// signUp creates accounts. All share one client, which keeps connections open like a browser.
func (b *bench) signUp(ctx context.Context, n int) ([]*system.Person, error) {
	client := system.NewHTTPClient(n)
	people := make([]*system.Person, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2) // each sign-up computes a password hash
	for i := range people {
		g.Go(func() (err error) {
			people[i], err = system.SignUp(ctx, b.URL, client)
			return err
		})
	}
	return people, g.Wait()
}

// samples collects durations from several goroutines.
type samples struct {
	mu  sync.Mutex
	all []time.Duration
}

func (s *samples) add(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, d)
}

func (s *samples) get() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// loadOf is the result of a load.
type loadOf struct {
	latency  samples
	refusals int // answers 503, by which the system sheds load
	rate     float64
}

// generate lets all people repeat an action for a time. pace is the interval of each person; 0
// means without pause.
func generate(ctx context.Context, people []*system.Person, duration, pace time.Duration,
	do func(ctx context.Context, p *system.Person, n int) error) (*loadOf, error) {
	result := &loadOf{}
	var mu sync.Mutex
	began := time.Now()
	end := began.Add(duration)
	g, ctx := errgroup.WithContext(ctx)
	for i, p := range people {
		g.Go(func() error {
			// With a pace, people act evenly spread and at their planned times. Waiting for a late
			// answer counts.
			next := began.Add(pace * time.Duration(i) / time.Duration(len(people)))
			for n := 0; time.Now().Before(end); n++ {
				at := time.Now()
				if pace > 0 {
					if at = next; !sleepUntil(ctx, at) || !at.Before(end) {
						return ctx.Err()
					}
					next = next.Add(pace)
				}
				err := do(ctx, p, n)
				if problem, ok := errors.AsType[*system.Problem](err); ok && problem.Status == http.StatusServiceUnavailable {
					mu.Lock()
					result.refusals++
					mu.Unlock()
					// Retry-After is a second. Good clients spread their retries.
					sleepUntil(ctx, time.Now().Add(time.Second/2+rand.N(time.Second)))
					continue
				}
				if err != nil {
					return fmt.Errorf("%s: %w", p.Email, err)
				}
				result.latency.add(time.Since(at))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	result.rate = float64(len(result.latency.get())) / time.Since(began).Seconds()
	return result, nil
}

// sleepUntil returns false if ctx is cancelled before the time.
func sleepUntil(ctx context.Context, at time.Time) bool {
	select {
	case <-time.After(time.Until(at)):
		return true
	case <-ctx.Done():
		return false
	}
}

// create creates a task of ordinary size.
func create(ctx context.Context, p *system.Person, n int) (system.Task, error) {
	var t system.Task
	err := p.Do(ctx, "POST", "/tasks", map[string]any{
		"title": fmt.Sprintf("Task %d of somebody who measures", n), "description": "What is to be done, in a sentence or two.",
		"priority": "medium", "tags": []string{"bench", "work"}, "due_at": "2031-05-05T12:00:00Z",
	}, &t)
	return t, err
}
