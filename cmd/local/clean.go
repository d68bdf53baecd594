package main

import (
	"errors"
	"os"
	"path/filepath"

	"taskmaster/internal/lock"
)

// clean deletes all data of the installation except backups. Built programs stay. It fails while a
// system runs in the folder.
func clean(cfg config) error {
	unlock, err := lock.Try(cfg.dir)
	if err != nil {
		return err
	}
	defer unlock()
	names := []string{"postgres", "scheduler", "dapr", "secrets.json", "system.json"}
	for _, kind := range brokerKinds() {
		names = append(names, kind.folder)
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, os.RemoveAll(filepath.Join(cfg.dir, name)))
	}
	return errors.Join(errs...)
}
