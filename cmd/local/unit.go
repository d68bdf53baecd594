package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A process that dies is restarted after restartDelay, each time later, up to maxRestartDelay; one that lived for
// steadyAfter starts anew with the first.
const (
	restartDelay    = 100 * time.Millisecond
	maxRestartDelay = 5 * time.Second
	steadyAfter     = 10 * time.Second
)

// A process that did not become usable is started again after trialDelay, each time later, up to maxTrialDelay: until a
// person has put right what is wrong.
const (
	trialDelay    = 500 * time.Millisecond
	maxTrialDelay = 10 * time.Second
)

// unit is one process that is kept running.
//
//	start ──> running ──> stop
//	  ^          │ dies
//	  └──────────┤ restart, or it was never usable and that may change, or its disk is full
//	             └ fail: the whole system ends
type unit struct {
	state   processState
	start   func(ctx context.Context) (child, error)
	restart bool
	log     *lines             // of this program
	changed func(processState) // the process is another one now
	trial   *trial             // nil: usable once it was started
	disk    diskWatch

	stopping chan struct{}
	renewals chan struct{}
	mu       sync.Mutex    // of what follows
	halted   bool          // it must not be started any more
	ended    chan struct{} // nil until it was started
}

// trial is the time from a process's start until it can be used. One that fails it is started again, ever later.
type trial struct {
	// usable waits until the process can be used. Its error says why that will not be.
	usable func(ctx context.Context, c child) error
	passed func()
	failed func(ctx context.Context, err error)
}

var (
	errHalted  = errors.New("it is to be stopped")
	errRenewed = errors.New("it is to be replaced")
)

// launch starts the process and returns what keeps it running until halt. That returns the error which tells why it died, or
// could not be stopped. A unit with a trial is launched even if its process cannot be started yet.
func (u *unit) launch(ctx context.Context) (keep func() error, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.halted {
		return nil, errHalted
	}
	c, failure := u.begin(ctx)
	if failure != nil && u.trial == nil {
		return nil, failure
	}
	u.ended = make(chan struct{})
	return func() error {
		defer close(u.ended)
		return u.keep(ctx, c, failure)
	}, nil
}

// halt stops the process and returns when it has ended. A unit that was never launched will not be.
func (u *unit) halt() {
	u.mu.Lock()
	if !u.halted {
		u.halted = true
		close(u.stopping)
	}
	ended := u.ended
	u.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

// renew replaces the process by a new one.
func (u *unit) renew() {
	select {
	case u.renewals <- struct{}{}:
	default: // it will be already
	}
}

func (u *unit) begin(ctx context.Context) (child, error) {
	c, err := u.start(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case <-u.renewals: // that is done
	default:
	}
	u.state.PID = c.PID()
	u.changed(u.state)
	return c, nil
}

// keep starts the process again whenever it ends, for as long as it should. err says why the first start failed.
func (u *unit) keep(ctx context.Context, c child, err error) error {
	delay, longest := restartDelay, maxRestartDelay
	for {
		born, usable := time.Now(), false
		if err == nil {
			usable, err = u.attend(ctx, c)
		}
		if time.Since(born) > steadyAfter {
			delay, longest = restartDelay, maxRestartDelay
		}
		switch {
		case errors.Is(err, errHalted):
			return c.Stop()
		case errors.Is(err, errRenewed):
			if err := c.Stop(); err != nil {
				return err
			}
		case u.trial != nil && !usable:
			if ctx.Err() == nil { // else everything ends
				u.trial.failed(ctx, err)
			}
			delay, longest = max(delay, trialDelay), maxTrialDelay
		case isDiskFull(err):
			u.disk.noteFull(u.state)
			delay, longest = max(delay, trialDelay), maxTrialDelay
		case !u.restart:
			return err
		default:
			u.log.Printf("%v; starting it again in %v", err, delay)
		}
		select {
		case <-u.stopping:
			return nil
		case <-time.After(delay):
		}
		delay = min(2*delay, longest)
		c, err = u.begin(ctx)
	}
}

// attend returns when the process has ended, or should, and why; and whether it was usable until then.
func (u *unit) attend(ctx context.Context, c child) (usable bool, err error) {
	if u.trial != nil {
		if err := u.try(ctx, c); err != nil {
			return false, err
		}
		u.trial.passed()
	}
	steady := time.NewTimer(steadyAfter)
	defer steady.Stop()
	for {
		select {
		case <-u.stopping:
			return true, errHalted
		case <-u.renewals:
			return true, errRenewed
		case <-c.Done():
			return true, u.death(c)
		case <-steady.C:
			u.disk.noteRoom(u.state)
		}
	}
}

// try returns nil when the process has become usable. When it returns another error than errHalted it has ended.
func (u *unit) try(ctx context.Context, c child) error {
	ctx, cancel := context.WithCancel(ctx)
	result := make(chan error, 1)
	go func() { result <- u.trial.usable(ctx, c) }()
	defer func() { cancel(); <-result }()
	select {
	case <-u.stopping:
		return errHalted
	case <-c.Done():
		return u.death(c)
	case err := <-result:
		result <- nil // for whoever waits for its end
		if err == nil {
			return nil
		}
		return errors.Join(err, c.Stop())
	}
}

func (u *unit) death(c child) error { return fmt.Errorf("%s ended (%s)", u.state.label(), c.LastLog()) }
