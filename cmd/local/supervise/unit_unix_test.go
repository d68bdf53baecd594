//go:build unix

package supervise

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"taskmaster/cmd/local/console"
)

// newSleepUnit returns a unit of a process that sleeps, and the channel of its process ids.
func newSleepUnit(t *testing.T, config UnitConfig) (*Unit, <-chan int) {
	t.Helper()
	out := console.New(t.Output(), 0)
	started := make(chan int, 100)
	config.Name, config.Log = "sleeper", out.Lines("local", nil)
	config.Health = NewHealth(config.Log)
	config.Start = func(context.Context) (Child, error) {
		return Start(Program{Name: "sleeper", Path: "sleep", Args: []string{"600"}}, out.Lines("sleeper", nil))
	}
	config.Started = func(pid int) { started <- pid }
	return NewUnit(config), started
}

// startUnit starts a unit and supervises it. The result of the supervision arrives on the channel.
func startUnit(t *testing.T, u *Unit) <-chan error {
	t.Helper()
	supervise, err := u.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() { result <- supervise() }()
	t.Cleanup(u.Stop)
	return result
}

// receive returns the next value of a channel.
func receive[T any](t *testing.T, values <-chan T) T {
	t.Helper()
	select {
	case v := <-values:
		return v
	case <-time.After(ReadyTimeout):
		t.Fatal("timed out waiting for the process")
		panic("unreachable")
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// Without Restart, the death of a process ends the supervision with an error that names it.
func TestUnitReportsDeath(t *testing.T) {
	t.Parallel()
	u, started := newSleepUnit(t, UnitConfig{})
	result := startUnit(t, u)
	kill(t, receive(t, started))
	if err := receive(t, result); err == nil || !strings.HasPrefix(err.Error(), "sleeper ended (signal: killed") {
		t.Errorf("got error %v, want one about the death of sleeper", err)
	}
}

// With Restart, a process that dies is started again. Stop ends the supervision without error.
func TestUnitRestartsUntilStopped(t *testing.T) {
	t.Parallel()
	u, started := newSleepUnit(t, UnitConfig{Restart: true})
	result := startUnit(t, u)
	first := receive(t, started)
	kill(t, first)
	if second := receive(t, started); second == first {
		t.Errorf("process %d runs again, want another process", second)
	}
	u.Restart()
	receive(t, started)
	u.Stop()
	if err := receive(t, result); err != nil {
		t.Errorf("got error %v after Stop", err)
	}
	if _, err := u.Start(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("start after Stop: got error %v, want %v", err, ErrStopped)
	}
}

// A process that fails its readiness probe is started again until it is ready, even without Restart.
func TestUnitStartsAgainUntilReady(t *testing.T) {
	t.Parallel()
	broken := errors.New("the component is broken")
	var probes atomic.Int32
	failed, ready := make(chan error, 100), make(chan struct{}, 100)
	u, started := newSleepUnit(t, UnitConfig{Readiness: &Readiness{
		Probe: func(context.Context) error {
			if probes.Add(1) == 1 {
				return broken
			}
			return nil
		},
		Ready:  func() { ready <- struct{}{} },
		Failed: func(_ context.Context, err error) { failed <- err },
	}})
	result := startUnit(t, u)
	receive(t, started)
	if err := receive(t, failed); !errors.Is(err, broken) {
		t.Errorf("the failure is %v, want %v", err, broken)
	}
	receive(t, started)
	receive(t, ready)
	u.Stop()
	if err := receive(t, result); err != nil {
		t.Errorf("got error %v after Stop", err)
	}
}
