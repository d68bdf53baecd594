package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"taskmaster/tests/system"
)

// tryLocal starts an installation, tests it and stops it.
func tryLocal(ctx context.Context, timeout time.Duration, out io.Writer) error {
	dir, err := os.MkdirTemp("", "taskmaster-smoke-")
	if err != nil {
		return fmt.Errorf("create a folder for the installation: %w", err)
	}
	defer os.RemoveAll(dir)
	s, err := system.Start(ctx, system.Config{Dir: dir})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "start it: %v\n", s.ReadyAfter.Round(time.Millisecond))
	return errors.Join(tryWithin(ctx, timeout, s.URL, account{}, out), s.Stop())
}

func tryWithin(ctx context.Context, timeout time.Duration, url string, given account, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return try(ctx, url, given, out)
}
