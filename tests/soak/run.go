package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/ledger"
	"taskmaster/tests/system"
)

// soak is one run.
type soak struct {
	config
	*system.System
	books     *ledger.Ledger
	people    *ledger.People
	pages     pageReader
	processes processWatch
	shortened []string // intervals that -short has set, for the report
}

// run reports whether the soak was clean. It returns an error if the soak could not be finished.
func run(ctx context.Context, cfg config) (clean bool, err error) {
	dir, err := os.MkdirTemp("", "taskmaster-soak-")
	if err != nil {
		return false, fmt.Errorf("create a folder: %w", err)
	}
	s := &soak{config: cfg, books: ledger.New(system.BrokerPromises(cfg.broker).Order)}
	fmt.Printf("soak: broker %s for %v, %d people, short intervals %t\n", cfg.broker, cfg.duration, cfg.people, cfg.short)
	defer func() { s.tearDown(dir, clean) }()
	if err := s.setUp(ctx, filepath.Join(dir, "system")); err != nil {
		return false, err
	}
	began := time.Now()
	s.people.Watch(ctx)
	if err := s.use(ctx); err != nil {
		return false, fmt.Errorf("%w\n%s", err, s.Tail(60))
	}
	took := time.Since(began)
	fmt.Println("checking the books")
	wrong := s.people.Check(ctx)
	// The second check finds a process that ended during the check of the books.
	if err := s.processes.check(s.System); err != nil {
		return false, fmt.Errorf("%w\n%s", err, s.Tail(60))
	}
	report, err := s.report(took, wrong)
	if err != nil {
		return false, err
	}
	fmt.Print(report)
	return len(wrong) == 0, nil
}

// setUp starts the system without restarts, so that the first process that ends is noticed. Then it
// signs up the people.
func (s *soak) setUp(ctx context.Context, dir string) (err error) {
	env := map[string]string{"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8", "DELIVERIES_PER_HOUR": "0", "SIGNUP_PER_MINUTE": "1000"}
	cfg := system.Config{Dir: dir, Broker: s.broker, Env: env}
	if s.short {
		s.shorten(&cfg)
	}
	if s.System, err = system.Start(ctx, cfg); err != nil {
		return err
	}
	if s.short {
		if err := s.shortenDatabase(ctx); err != nil {
			return err
		}
	}
	if err := s.processes.start(s.System); err != nil {
		return err
	}
	s.people, err = s.books.Gather(ctx, s.System, s.config.people, 1, s.think)
	return err
}

// use lets people change tasks and read pages until the time is over. It returns the first failure.
func (s *soak) use(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := make(chan struct{})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.people.Work(ctx, stop) })
	for _, w := range s.people.Workers {
		g.Go(func() error { return s.pages.run(ctx, w.Person, s.think, stop) })
	}
	g.Go(func() error {
		defer close(stop)
		return s.supervise(ctx)
	})
	return g.Wait()
}

// supervise waits until the time is over. Meanwhile it checks every process each second and prints
// the progress each minute.
func (s *soak) supervise(ctx context.Context) error {
	over := time.NewTimer(s.duration)
	defer over.Stop()
	tick, progress := time.NewTicker(time.Second), time.NewTicker(time.Minute)
	defer tick.Stop()
	defer progress.Stop()
	began := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Done():
			return errors.Join(errors.New("the system ended by itself"), s.Wait(time.Second))
		case <-over.C:
			return nil
		case <-progress.C:
			got := s.books.Tally()
			fmt.Printf("  %v: %d events, %d reminders, %d messages at sockets, %d pages, longest catch-up %.1f s\n",
				time.Since(began).Round(time.Second), got.Events, got.Reminders, got.Messages, s.pages.count(), got.CatchUp.Seconds())
		case <-tick.C:
			if err := s.processes.check(s.System); err != nil {
				return err
			}
		}
	}
}

// tearDown stops everything. It keeps the log of a failed soak, and with -log every log.
func (s *soak) tearDown(dir string, clean bool) {
	if s.people != nil {
		s.people.StopListening()
	}
	if s.System != nil {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "soak:", err)
		}
		if !clean || s.log != "" {
			if err := s.KeepLog(s.log); err != nil {
				fmt.Fprintln(os.Stderr, "soak:", err)
			}
		}
	}
	if s.people != nil {
		s.people.Close()
	}
	os.RemoveAll(dir)
}
