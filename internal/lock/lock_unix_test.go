//go:build unix

package lock

import (
	"context"
	"os/exec"
	"sync"
	"testing"
)

// A process that is being started shares all open files until it executes its program. The lock is
// free all the same once unlock has returned.
func TestUnlockedFolderCanBeLocked(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	var starters sync.WaitGroup
	defer starters.Wait()
	defer stop()
	for range 2 {
		starters.Go(func() {
			for ctx.Err() == nil {
				_ = exec.CommandContext(ctx, "true").Run() // its result does not matter
			}
		})
	}
	dir := t.TempDir()
	for range 200 {
		unlock, err := Try(dir)
		if err != nil {
			t.Fatal(err)
		}
		unlock()
	}
}
