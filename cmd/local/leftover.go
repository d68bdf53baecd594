package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// leftoverTimeout is how long the processes of a killed run may take to end. The system kills them with it, which takes a
// moment on a busy machine.
const leftoverTimeout = 15 * time.Second

// awaitLeftovers waits until the processes of a run that was killed have ended. system.json, which a run removes at its end,
// names them. The folder's lock is free before they are gone, and they have its ports and files open. Call it with the lock.
func awaitLeftovers(ctx context.Context, dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "system.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var last systemState
	if json.Unmarshal(b, &last) != nil {
		return nil // a broken file is written anew; a process that still runs shows by its port
	}
	ctx, cancel := context.WithTimeout(ctx, leftoverTimeout)
	defer cancel()
	return poll(ctx, func(context.Context) error {
		for _, p := range last.Processes {
			if worksIn(p.PID, dir) {
				return fmt.Errorf("%s of the last run still works in %s, as process %d: stop it", p.label(), dir, p.PID)
			}
		}
		return nil
	})
}
