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

// signUp makes accounts. All share one client, so connections are kept open as a browser's are.
func (b *bench) signUp(ctx context.Context, n int) ([]*system.Person, error) {
	client := system.NewHTTPClient(n)
	people := make([]*system.Person, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2) // each costs a password hash
	for i := range people {
		g.Go(func() (err error) {
			people[i], err = system.SignUp(ctx, b.URL, client)
			return err
		})
	}
	return people, g.Wait()
}

// samples collects durations from many goroutines.
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

// loadOf is what came of a load.
type loadOf struct {
	latency  samples
	refusals int // answers 503, which the system gives when it has enough to do
	rate     float64
}

// generate lets everybody do something again and again for a time. pace is how often each does it; 0 is without a rest.
func generate(ctx context.Context, people []*system.Person, duration, pace time.Duration,
	do func(ctx context.Context, p *system.Person, n int) error) (*loadOf, error) {
	result := &loadOf{}
	var mu sync.Mutex
	began := time.Now()
	end := began.Add(duration)
	g, ctx := errgroup.WithContext(ctx)
	for i, p := range people {
		g.Go(func() error {
			// With a pace, people act evenly spread, and when they should have: waiting for a late answer counts.
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
					// Retry-After is a second; good clients spread out.
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

// sleepUntil returns false when ctx ended before.
func sleepUntil(ctx context.Context, at time.Time) bool {
	select {
	case <-time.After(time.Until(at)):
		return true
	case <-ctx.Done():
		return false
	}
}

// create makes a task of ordinary size.
func create(ctx context.Context, p *system.Person, n int) (system.Task, error) {
	var t system.Task
	err := p.Do(ctx, "POST", "/tasks", map[string]any{
		"title": fmt.Sprintf("Task %d of somebody who measures", n), "description": "What is to be done, in a sentence or two.",
		"priority": "medium", "tags": []string{"bench", "work"}, "due_at": "2031-05-05T12:00:00Z",
	}, &t)
	return t, err
}
