package supervise

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"taskmaster/cmd/local/console"
	"taskmaster/internal/backoff"
)

const (
	// restartDelay is the pause before a process that died is restarted. It doubles with each death.
	restartDelay = 100 * time.Millisecond
	// maxRestartDelay is the longest pause before a restart.
	maxRestartDelay = 5 * time.Second
	// steadyAfter is the life after which earlier deaths do not count any more.
	steadyAfter = 10 * time.Second
)

const (
	// probeDelay is the pause before a process that did not become ready is started again. It doubles
	// with each failure.
	probeDelay = 500 * time.Millisecond
	// maxProbeDelay is the longest such pause. Only a person can fix the cause, and the process should
	// start soon after that.
	maxProbeDelay = 10 * time.Second
)

// UnitConfig describes a unit. Restart and Readiness are optional.
type UnitConfig struct {
	Name    string // of the process in logs and errors
	Start   func(ctx context.Context) (Child, error)
	Started func(pid int) // called for every process that was started, and when the disk has room again
	Restart bool          // restart a process that dies
	Log     *console.Lines
	Health  *Health // learns of a process that ends because the disk is full
	// Readiness is nil for a process that counts as ready once it was started.
	Readiness *Readiness
}

// Readiness describes how a process becomes ready. A process that fails to is started again, with
// growing pauses.
type Readiness struct {
	// Probe waits until the process is ready. Its error explains why the process cannot become ready.
	Probe  func(ctx context.Context) error
	Ready  func()
	Failed func(ctx context.Context, err error)
}

// Unit is one process that is supervised.
//
//	start ──> running ──> stop
//	  ^          │ dies
//	  └──────────┤ restart is on, the process was never ready, or the disk is full
//	             └ otherwise: fail, and the whole system ends
type Unit struct {
	config   UnitConfig
	stopping chan struct{} // closed by Stop
	restarts chan struct{}

	mu      sync.Mutex    // protects the fields below
	stopped bool          // Stop was called
	ended   chan struct{} // nil before Start; closed when supervise has returned
}

// NewUnit returns a unit whose process does not run yet.
func NewUnit(config UnitConfig) *Unit {
	return &Unit{config: config, stopping: make(chan struct{}), restarts: make(chan struct{}, 1)}
}

// ErrStopped is returned by Start after Stop.
var ErrStopped = errors.New("it is to be stopped")

// errRestart ends a process that Restart replaces.
var errRestart = errors.New("it is to be replaced")

// Start starts the process. The caller has to run supervise, which keeps the process running until
// Stop and returns an error if the process dies or cannot be stopped. A unit with a readiness probe
// starts even if its process cannot start yet.
func (u *Unit) Start(ctx context.Context) (supervise func() error, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped {
		return nil, ErrStopped
	}
	c, startErr := u.startProcess(ctx)
	if startErr != nil && u.config.Readiness == nil {
		return nil, startErr
	}
	u.ended = make(chan struct{})
	return func() error {
		defer close(u.ended)
		return u.supervise(ctx, c, startErr)
	}, nil
}

// Stop stops the process and returns when it has ended. A unit that was never started stays so.
func (u *Unit) Stop() {
	u.mu.Lock()
	if !u.stopped {
		u.stopped = true
		close(u.stopping)
	}
	ended := u.ended
	u.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// Restart replaces the process by a new one. It does not wait for it.
func (u *Unit) Restart() {
	select {
	case u.restarts <- struct{}{}:
	default: // a restart is pending already
	}
}

func (u *Unit) startProcess(ctx context.Context) (Child, error) {
	c, err := u.config.Start(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case <-u.restarts: // this start is the restart
	default:
	}
	u.config.Started(c.PID())
	return c, nil
}

// supervise starts the process again whenever it ends, as long as the configuration asks for it.
// err is the error of the first start.
func (u *Unit) supervise(ctx context.Context, c Child, err error) error {
	for failures := 1; ; failures++ {
		born, ready := time.Now(), false
		if err == nil {
			ready, err = u.wait(ctx, c)
		}
		if time.Since(born) > steadyAfter {
			failures = 1
		}
		delay := backoff.Policy{Min: restartDelay, Max: maxRestartDelay}.Delay(failures).Round(time.Millisecond)
		switch {
		case errors.Is(err, ErrStopped):
			return c.Stop()
		case errors.Is(err, errRestart):
			if err := c.Stop(); err != nil {
				return err
			}
		case u.config.Readiness != nil && !ready:
			if ctx.Err() == nil { // otherwise the whole system is ending
				u.config.Readiness.Failed(ctx, err)
			}
			delay = backoff.Policy{Min: probeDelay, Max: maxProbeDelay}.Delay(failures)
		case IsDiskFull(err):
			u.noteFullDisk()
			delay = backoff.Policy{Min: probeDelay, Max: maxProbeDelay}.Delay(failures)
		case !u.config.Restart:
			return err
		default:
			u.config.Log.Printf("%v; starting it again in %v", err, delay)
		}
		select {
		case <-u.stopping:
			return nil
		case <-time.After(delay):
		}
		c, err = u.startProcess(ctx)
	}
}

// wait returns when the process has ended or has to end, with the reason. It reports whether the
// process was ready before that.
func (u *Unit) wait(ctx context.Context, c Child) (ready bool, err error) {
	if u.config.Readiness != nil {
		if err := u.probe(ctx, c); err != nil {
			return false, err
		}
		u.config.Readiness.Ready()
	}
	steady := time.NewTimer(steadyAfter)
	defer steady.Stop()
	for {
		select {
		case <-u.stopping:
			return true, ErrStopped
		case <-u.restarts:
			return true, errRestart
		case <-c.Done():
			return true, u.death(c)
		case <-steady.C:
			u.noteRoom(c)
		}
	}
}

// probe returns nil when the process is ready. After any error but ErrStopped the process has ended.
func (u *Unit) probe(ctx context.Context, c Child) error {
	ctx, cancel := context.WithCancel(ctx)
	result := make(chan error, 1)
	go func() { result <- u.config.Readiness.Probe(ctx) }()
	defer func() { cancel(); <-result }() // the goroutine ends before probe does
	select {
	case <-u.stopping:
		return ErrStopped
	case <-c.Done():
		return u.death(c)
	case err := <-result:
		result <- nil // for the deferred function
		if err == nil {
			return nil
		}
		return errors.Join(err, c.Stop())
	}
}

func (u *Unit) death(c Child) error { return fmt.Errorf("%s ended (%s)", u.config.Name, c.LastLog()) }

// Name returns the name of the process.
func (u *Unit) Name() string { return u.config.Name }
