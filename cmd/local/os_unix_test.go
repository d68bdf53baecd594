//go:build unix

package main

import (
	"context"
	"os/exec"
	"sync"
	"testing"
)

// A process that is being started has all files until it runs its program. The lock is not among them.
func TestLockIsFreeOnceItIsGivenBack(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	var starters sync.WaitGroup
	defer starters.Wait()
	defer stop()
	for range 2 {
		starters.Go(func() {
			for ctx.Err() == nil {
				_ = exec.CommandContext(ctx, "true").Run() // what becomes of it does not matter
			}
		})
	}
	dir := t.TempDir()
	for range 200 {
		unlock, err := lock(dir)
		if err != nil {
			t.Fatal(err)
		}
		unlock()
	}
}
