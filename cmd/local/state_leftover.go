package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"taskmaster/cmd/local/supervise"
)

// leftoverTimeout is how long the processes of a killed run may take to end. The kernel kills them
// with their parent, which takes a moment on a busy machine.
const leftoverTimeout = 15 * time.Second

// awaitLeftovers waits until the processes of a killed run have ended. A run removes system.json at
// its end; after a kill, the file names the processes. They may still hold ports and files when the
// folder's lock is free already. The caller holds the lock.
func awaitLeftovers(ctx context.Context, dir string) error {
	b, err := os.ReadFile(systemFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the state of the last run: %w", err)
	}
	var last systemState
	if json.Unmarshal(b, &last) != nil {
		return nil // the file is written again; a process that still runs is found by its port
	}
	ctx, cancel := context.WithTimeout(ctx, leftoverTimeout)
	defer cancel()
	return supervise.Poll(ctx, func(context.Context) error {
		for _, p := range last.Processes {
			if supervise.WorksIn(p.PID, dir) {
				return fmt.Errorf("%s of the last run still works in %s, as process %d: stop it", p.label(), dir, p.PID)
			}
		}
		return nil
	})
}
