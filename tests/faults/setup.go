package main

import (
	"context"
	"fmt"
	"path/filepath"

	"taskmaster/tests/system"
)

// setUp starts the system with links that can be broken and a disk that can be filled. It also
// starts all receivers and signs up the people.
func (f *faults) setUp(ctx context.Context, dir string) (err error) {
	for _, v := range []victim{broker, postgres} {
		// The link exists before its other end does.
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
		fmt.Printf("the broker's disk cannot be filled: %v\n", f.noDisk)
	}
	f.System, err = system.Start(ctx, system.Config{
		Dir: dir, Broker: f.broker, Restart: true, Replicas: replicas, Env: environment(),
		Args: []string{"-broker-at", f.links[broker].Address(), "-database-at", f.links[postgres].Address()},
	})
	if err != nil {
		return err
	}
	f.people, err = f.books.Gather(ctx, f.System, f.users, f.seed, f.think)
	return err
}
