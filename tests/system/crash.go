package system

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// Crash kills a process (kill -9) and returns its last state.
func (s *System) Crash(role, name string, replica int) (Process, error) {
	p, err := s.Process(role, name, replica)
	if err != nil {
		return p, err
	}
	return p, kill(p)
}

func kill(p Process) error {
	process, err := os.FindProcess(p.PID)
	if err == nil {
		err = process.Kill()
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s %s: %w", p.Role, p.Name, err)
	}
	return nil
}

// HoldDown crashes a process, and crashes it again whenever the supervisor has restarted it, until
// release is called. The supervisor has to run with Restart. The process may live for moments that
// are too short to do work.
func (s *System) HoldDown(role, name string, replica int) (release func() error, err error) {
	killed, err := s.Crash(role, name, replica)
	if err != nil {
		return nil, err
	}
	released, ended := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-released:
				ended <- nil
				return
			case <-time.After(20 * time.Millisecond):
			}
			p, err := s.Process(role, name, replica)
			if err == nil && p.PID != killed.PID { // otherwise it is not back yet
				killed, err = p, kill(p)
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	return func() error {
		close(released)
		return <-ended
	}, nil
}

// Back waits until a crashed process has been restarted and is healthy.
func (s *System) Back(ctx context.Context, was Process) error {
	err := Poll(ctx, func() error {
		p, err := s.Process(was.Role, was.Name, was.Replica)
		if err != nil {
			return err
		}
		if p.PID == was.PID {
			return errors.New("the killed process has not been replaced")
		}
		return p.healthy(ctx)
	})
	if err != nil {
		return fmt.Errorf("%s %s %d is not back: %w", was.Role, was.Name, was.Replica, err)
	}
	return nil
}

// Healthy waits until a process, or its successor, is healthy.
func (s *System) Healthy(ctx context.Context, p Process) error {
	return Poll(ctx, func() error {
		now, err := s.Process(p.Role, p.Name, p.Replica)
		if err != nil {
			return err
		}
		return now.healthy(ctx)
	})
}

// healthy probes the process's health address. A process without one has to accept a connection.
func (p Process) healthy(ctx context.Context) error {
	switch p.Role {
	case RoleService:
		return getOK(ctx, "http://"+p.Address+"/readyz")
	case RoleSidecar:
		return getOK(ctx, "http://"+p.Address+"/v1.0/healthz")
	}
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", p.Address)
	if err == nil {
		err = conn.Close()
	}
	return err
}
