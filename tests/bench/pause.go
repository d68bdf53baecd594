package main

import (
	"fmt"
	"sync"
	"syscall"

	"taskmaster/tests/system"
)

// pause freezes the named services and their sidecars until resume is called. They notice only that
// time has passed.
func (b *bench) pause(services ...string) (resume func(), err error) {
	state, err := b.State()
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range services {
		for _, p := range state.Processes {
			if p.Name == name && (p.Role == system.RoleService || p.Role == system.RoleSidecar) {
				pids = append(pids, p.PID)
			}
		}
	}
	return halt(pids...)
}

// halt freezes processes until resume is called.
func halt(pids ...int) (resume func(), err error) {
	var halted []int
	resume = sync.OnceFunc(func() {
		for _, pid := range halted {
			_ = syscall.Kill(pid, syscall.SIGCONT) // the process may have ended; the waiting measurement will report it
		}
	})
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			resume()
			return nil, fmt.Errorf("halt process %d: %w", pid, err)
		}
		halted = append(halted, pid)
	}
	return resume, nil
}
