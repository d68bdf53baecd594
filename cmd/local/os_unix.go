//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

var stopSignal os.Signal = syscall.SIGTERM

// lock takes the folder for this process until unlock is called or the process ends. A second one gets an error that names
// the first.
func lock(dir string) (unlock func(), err error) {
	f, err := openLock(dir)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		b := make([]byte, 32)
		n, _ := f.Read(b)
		return nil, fmt.Errorf("TaskMaster runs on %s already, as process %s: stop that one, or use another folder with -dir", dir, strings.TrimSpace(string(b[:n])))
	}
	if err == nil {
		err = errors.Join(f.Truncate(0), writePID(f))
	}
	return release(f, err)
}

// waitLock takes the folder as soon as nobody else has it.
func waitLock(dir string) (unlock func(), err error) {
	f, err := openLock(dir)
	if err != nil {
		return nil, err
	}
	return release(f, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
}

// release returns what gives the lock back, unless there was an error.
func release(f *os.File, err error) (unlock func(), _ error) {
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	return func() {
		// Closing alone would not do: a child that is being started at this moment has the open file as well, and with it the
		// lock, until it runs its program.
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		_ = f.Close()
	}, nil
}

func openLock(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
}

func writePID(f *os.File) error {
	_, err := fmt.Fprintln(f, os.Getpid())
	return err
}
