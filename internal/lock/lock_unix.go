//go:build unix

// Package lock makes sure that one process at a time uses a folder.
package lock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Try locks the folder until unlock is called or this process ends. It creates a missing folder.
// If another process holds the lock, the error names that process.
func Try(dir string) (unlock func(), err error) {
	f, err := open(dir)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		b := make([]byte, 32)
		n, _ := f.Read(b) // without a number the message is still right
		return nil, fmt.Errorf("%s is in use by process %s: wait for it, stop it, or use another folder", dir, strings.TrimSpace(string(b[:n])))
	}
	if err == nil {
		err = errors.Join(f.Truncate(0), writePID(f))
	}
	return unlocker(f, err)
}

// Wait locks the folder as soon as no other process holds the lock.
func Wait(dir string) (unlock func(), err error) {
	f, err := open(dir)
	if err != nil {
		return nil, err
	}
	return unlocker(f, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
}

// unlocker returns the function that releases the lock. It passes on an error of locking.
func unlocker(f *os.File, err error) (unlock func(), _ error) {
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	return func() {
		// Closing alone is not enough. A child that is being started at this moment shares the open
		// file, and with it the lock, until it executes its program.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		_ = f.Close()
	}, nil
}

func open(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the folder to lock: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the caller chooses the folder
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	return f, nil
}

func writePID(f *os.File) error {
	_, err := fmt.Fprintln(f, os.Getpid())
	return err
}
