package main

import (
	"errors"
	"os"
	"path/filepath"
)

// kept is what the system keeps in its folder.
var kept = []string{"postgres", "broker", "scheduler", "dapr", "secrets.json", "system.json"}

// clean forgets everything that was kept. Programs that were built stay. It fails while a system runs there.
func clean(cfg config) error {
	unlock, err := lock(cfg.dir)
	if err != nil {
		return err
	}
	defer unlock()
	var errs []error
	for _, name := range kept {
		errs = append(errs, os.RemoveAll(filepath.Join(cfg.dir, name)))
	}
	return errors.Join(errs...)
}
