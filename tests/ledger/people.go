package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/system"
)

const (
	// catchUpFor is how long the system may take to finish all delayed work.
	catchUpFor = 5 * time.Minute
	// quiet is the time without arrivals after which the books are closed. It is longer than a
	// broker's pause before a redelivery, so that a late duplicate is still counted.
	quiet = 20 * time.Second
)

// People are the workers of a run, each with books, a webhook and an open page. One subscriber
// receives the events of all.
type People struct {
	Workers  []*Worker
	Watchers []*Watcher

	books    *Ledger
	webhooks *system.Webhooks
	// stopObserving ends the subscription of the books.
	stopObserving func()
	sockets       sync.WaitGroup
	stop          context.CancelFunc
}

// Place is a running system.
type Place struct {
	SignUp func(ctx context.Context) (*system.Person, error)
	// Observe passes every event to take until stop is called.
	Observe func(ctx context.Context, take func(system.Event)) (stop func(), err error)
	// Webhooks is a receiver that the system can reach.
	Webhooks *system.Webhooks
}

// Gather signs up n people at a system on this machine. Worker i draws its choices from seed and i,
// and rests for think between changes, on average. The caller has to call Close.
func (l *Ledger) Gather(ctx context.Context, s *system.System, n int, seed uint64, think time.Duration) (*People, error) {
	observe := func(ctx context.Context, take func(system.Event)) (func(), error) {
		observer, err := s.ObserveFunc(ctx, take)
		if err != nil {
			return nil, err
		}
		return observer.Close, nil
	}
	return l.GatherAt(ctx, Place{SignUp: s.SignUp, Observe: observe, Webhooks: system.ReceiveWebhooks()}, n, seed, think)
}

// GatherAt is Gather for any system. Close closes the receiver of its webhooks.
func (l *Ledger) GatherAt(ctx context.Context, place Place, n int, seed uint64, think time.Duration) (*People, error) {
	p := &People{books: l, Workers: make([]*Worker, n), Watchers: make([]*Watcher, n), webhooks: place.Webhooks}
	p.webhooks.Take = l.Notified
	var err error
	if p.stopObserving, err = place.Observe(ctx, l.Event); err != nil {
		p.Close()
		return nil, err
	}
	g, signCtx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i := range n {
		g.Go(func() error {
			person, err := place.SignUp(signCtx)
			if err != nil {
				return err
			}
			l.Open(person)
			//nolint:gosec // An index is not negative.
			p.Workers[i], p.Watchers[i] = NewWorker(person, seed<<16+uint64(i), think), l.Watch(person)
			_, err = p.webhooks.Channel(signCtx, person)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		p.Close()
		return nil, fmt.Errorf("sign people up: %w", err)
	}
	return p, nil
}

// Watch opens the page of every worker until ctx is cancelled or Close is called.
func (p *People) Watch(ctx context.Context) {
	ctx, p.stop = context.WithCancel(ctx)
	for _, w := range p.Watchers {
		p.sockets.Go(func() { w.Run(ctx) })
	}
}

// Work lets all workers change tasks until stop is closed. It returns the first error of a worker.
func (p *People) Work(ctx context.Context, stop <-chan struct{}) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, w := range p.Workers {
		g.Go(func() error { return w.Run(ctx, stop) })
	}
	return g.Wait()
}

// Check waits until all work is finished and returns every discrepancy.
func (p *People) Check(ctx context.Context) []Discrepancy {
	ctx, cancel := context.WithTimeout(ctx, catchUpFor)
	defer cancel()
	var mu sync.Mutex
	var wrong []Discrepancy
	var g errgroup.Group
	g.SetLimit(8)
	for i, w := range p.Workers {
		g.Go(func() error {
			found := p.books.Check(ctx, w, p.Watchers[i])
			mu.Lock()
			defer mu.Unlock()
			wrong = append(wrong, found...)
			return nil
		})
	}
	_ = g.Wait() // no function returns an error
	p.settle(ctx)
	// The second round finds events that arrived during the first. It is quick if the first found
	// nothing.
	for i, w := range p.Workers {
		if len(wrong) == 0 {
			wrong = append(wrong, p.books.Check(ctx, w, p.Watchers[i])...)
		}
	}
	return append(wrong, p.books.Wrong()...)
}

// settle waits until nothing has arrived for a while.
func (p *People) settle(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for time.Since(p.books.Arrived()) < quiet {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Totals are the numbers of a run that are not in the books.
type Totals struct {
	Changes     int   // answered
	Retries     int   // repeated requests
	Occurrences int   // completed recurring tasks
	Sockets     int64 // opened
}

// Totals adds up the numbers of all workers. Call it after Work has returned.
func (p *People) Totals() Totals {
	var t Totals
	for i, w := range p.Workers {
		t.Changes += w.Changes()
		t.Retries += w.Retries()
		t.Occurrences += w.Completed()
		t.Sockets += p.Watchers[i].Sockets()
	}
	return t
}

// StopListening closes the pages and the subscriber. Webhooks are still received, so that a system
// which is stopping can deliver its last ones.
func (p *People) StopListening() {
	if p.stop != nil {
		p.stop()
	}
	p.sockets.Wait()
	if p.stopObserving != nil {
		p.stopObserving()
		p.stopObserving = nil
	}
}

// Close closes all receivers.
func (p *People) Close() {
	p.StopListening()
	p.webhooks.Close()
}
