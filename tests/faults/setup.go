package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"taskmaster/tests/ledger"
	"taskmaster/tests/system"
)

// setUp starts the system with links that can be broken and a disk that can be full, everyone who listens, and the people.
func (f *faults) setUp(ctx context.Context, dir string) (err error) {
	for _, v := range []victim{broker, postgres} {
		// The link is there before its other end is.
		f.links[v], err = system.NewLink(ctx, func() (string, error) {
			p, err := (&system.System{Dir: dir}).Process(v.role, v.name, v.replica)
			return p.Address, err
		})
		if err != nil {
			return err
		}
	}
	f.disk, f.noDisk = system.MountDisk(filepath.Join(dir, f.brokerDir()))
	if f.noDisk != nil {
		f.disk = nil
		fmt.Printf("the broker's disk will not be full: %v\n", f.noDisk)
	}
	f.webhooks = system.ReceiveWebhooks()
	f.webhooks.Take = f.books.Notified
	f.System, err = system.Start(ctx, system.Config{
		Dir: dir, Broker: f.broker, Restart: true, Replicas: replicas, Env: environment(),
		Args: []string{"-broker-at", f.links[broker].Address(), "-database-at", f.links[postgres].Address()},
	})
	if err != nil {
		return err
	}
	if f.observer, err = f.ObserveFunc(ctx, f.books.Event); err != nil {
		return err
	}
	return f.signUp(ctx)
}

// signUp makes the people's accounts and channels, and lets each watch.
func (f *faults) signUp(ctx context.Context) error {
	f.workers, f.watchers = make([]*ledger.Worker, f.users), make([]*ledger.Watcher, f.users)
	g, signCtx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i := range f.users {
		g.Go(func() error {
			p, err := f.SignUp(signCtx)
			if err != nil {
				return err
			}
			f.books.Open(p)
			//nolint:gosec // An index is not negative.
			f.workers[i], f.watchers[i] = ledger.NewWorker(p, f.seed<<16+uint64(i), f.think), f.books.Watch(p)
			_, err = f.webhooks.Channel(signCtx, p)
			return err
		})
	}
	return g.Wait()
}

// keepLog saves the system's log where it outlives the run.
func (f *faults) keepLog() {
	var file *os.File
	var err error
	if f.log != "" {
		file, err = os.Create(f.log)
	} else {
		file, err = os.CreateTemp("", "taskmaster-faults-*.log")
	}
	if err == nil {
		_, err = file.WriteString(f.Tail(1<<30) + "\n")
		file.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults: keep the log:", err)
		return
	}
	fmt.Fprintln(os.Stderr, "faults: the system's log is in", file.Name())
}
