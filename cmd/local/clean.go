package main

import (
	"errors"
	"os"
	"path/filepath"
)

// kept is what the system keeps in its folder, next to a folder for each broker.
var kept = []string{"postgres", "scheduler", "dapr", "secrets.json", "system.json"}

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
	for _, b := range brokers {
		cfg.brokerName = b.name
		errs = append(errs, os.RemoveAll(plan{cfg: cfg}.brokerDir()))
	}
	return errors.Join(errs...)
}
