//go:build unix

package system

import (
	"errors"
	"fmt"
	"syscall"
)

// Pause freezes a process and its descendants (SIGSTOP), as a machine does that is out of memory or
// migrated. resume continues them.
func (s *System) Pause(role, name string, replica int) (resume func() error, err error) {
	p, err := s.Process(role, name, replica)
	if err != nil {
		return nil, err
	}
	// The parent is stopped first, so that it starts no more children. The second round stops the
	// children that others were starting.
	stopped := map[int]bool{}
	for found := true; found; {
		found = false
		pids, err := family(p.PID)
		if err != nil {
			return nil, fmt.Errorf("find the descendants of %s %s: %w", role, name, err)
		}
		for _, pid := range pids {
			if stopped[pid] {
				continue
			}
			if err := signal(pid, syscall.SIGSTOP); err != nil {
				return nil, fmt.Errorf("pause %s %s: %w", role, name, err)
			}
			stopped[pid], found = true, true
		}
	}
	return func() error {
		var errs []error
		for pid := range stopped {
			errs = append(errs, signal(pid, syscall.SIGCONT))
		}
		return errors.Join(errs...)
	}, nil
}

// signal sends a signal to a process that may have ended.
func signal(pid int, sig syscall.Signal) error {
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
