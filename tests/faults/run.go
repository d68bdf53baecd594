package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/ledger"
	"taskmaster/tests/system"
)

// faults is one run.
type faults struct {
	config
	*breaker
	books  *ledger.Ledger
	people *ledger.People
}

// run reports whether the books are right. It returns an error if the run could not be finished.
func run(ctx context.Context, cfg config) (pass bool, err error) {
	dir, err := os.MkdirTemp("", "taskmaster-faults-")
	if err != nil {
		return false, fmt.Errorf("create a folder: %w", err)
	}
	books := ledger.New(system.BrokerPromises(cfg.broker).Order)
	f := &faults{
		config: cfg, books: books,
		breaker: newBreaker(func(since time.Time) bool { return books.Newest().After(since) }),
	}
	fmt.Printf("faults: broker %s, seed %d, pace %v, at least %d events of %d people and %d faults\n",
		cfg.broker, cfg.seed, cfg.pace, cfg.events, cfg.users, cfg.faults)
	defer func() { f.tearDown(dir, pass) }()
	if err := f.setUp(ctx, filepath.Join(dir, "system")); err != nil {
		return false, err
	}
	began := time.Now()
	f.people.Watch(ctx)
	if err := f.everybody(ctx); err != nil {
		return false, fmt.Errorf("%w\n%s", err, f.Tail(60))
	}
	took := time.Since(began)
	if !system.BrokerPromises(cfg.broker).Confirmed {
		fmt.Println("publishing all events again, because this broker may have lost confirmed events")
		if _, err := f.Operate(ctx, "replay", "--since", "24h"); err != nil {
			return false, err
		}
	}
	fmt.Println("checking the books")
	wrong := f.people.Check(ctx)
	fmt.Print(f.report(took, time.Since(began), wrong))
	return len(wrong) == 0, nil
}

// everybody lets people change and watch their tasks while faults happen, until there are enough
// events.
func (f *faults) everybody(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	enough, stop := make(chan struct{}), make(chan struct{})
	people, peopleCtx := errgroup.WithContext(ctx)
	people.Go(func() error { return f.people.Work(peopleCtx, stop) })
	breaking, breakCtx := errgroup.WithContext(peopleCtx)
	telling, over := context.WithCancel(breakCtx)
	breaking.Go(func() error {
		defer over()
		return f.breakAll(breakCtx, newSchedule(f.seed, f.pace), f.faults, enough)
	})
	breaking.Go(func() error { return f.progress(telling, enough) })
	breakErr := breaking.Wait()
	close(stop)
	if err := people.Wait(); err != nil {
		return err
	}
	return breakErr
}

// progress closes enough when there are enough events. It prints the progress regularly.
func (f *faults) progress(ctx context.Context, enough chan<- struct{}) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for said, closed := time.Now(), false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-f.Done():
			return fmt.Errorf("the system ended: %w", f.Wait(time.Second))
		case <-tick.C:
		}
		got := f.books.Tally()
		if got.Events >= f.events && !closed {
			close(enough)
			closed = true
		}
		if time.Since(said) >= 30*time.Second {
			said = time.Now()
			fmt.Printf("  %d events, %d of them again, longest catch-up %.1f s\n", got.Events, got.Repeats, got.CatchUp.Seconds())
		}
	}
}

// tearDown stops everything. It keeps the log of a system with discrepancies, and with -log every
// log.
func (f *faults) tearDown(dir string, pass bool) {
	if f.people != nil {
		f.people.StopListening()
	}
	if f.System != nil {
		if err := f.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "faults:", err)
		}
		if !pass || f.log != "" {
			if err := f.KeepLog(f.log); err != nil {
				fmt.Fprintln(os.Stderr, "faults:", err)
			}
		}
	}
	if f.people != nil {
		f.people.Close()
	}
	for _, l := range f.links {
		l.Close()
	}
	if f.disk != nil {
		if err := f.disk.Unmount(); err != nil {
			fmt.Fprintln(os.Stderr, "faults:", err)
		}
	}
	os.RemoveAll(dir)
}
