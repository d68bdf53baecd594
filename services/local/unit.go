package main

import (
	"context"
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

// unit is one process that is kept running.
//
//	start ──> running ──> stop
//	  ^          │ dies
//	  └──────────┤ restart
//	             └ fail: the whole system ends
type unit struct {
	state   processState
	start   func(ctx context.Context) (child, error)
	restart bool
	log     *lines             // of this program
	changed func(processState) // the process is another one now

	stopping chan struct{}
	ended    chan struct{} // nil until it was started
	once     sync.Once
}

// launch starts the process and returns what keeps it running until halt. That returns the error which tells why it died, or
// could not be stopped.
func (u *unit) launch(ctx context.Context) (keep func() error, err error) {
	c, err := u.start(ctx)
	if err != nil {
		return nil, err
	}
	u.ended = make(chan struct{})
	u.note(c)
	return func() error {
		defer close(u.ended)
		return u.keep(ctx, c)
	}, nil
}

// halt stops the process and returns when it has ended. A unit that was never launched is halted already.
func (u *unit) halt() {
	u.once.Do(func() { close(u.stopping) })
	if u.ended != nil {
		<-u.ended
	}
}

func (u *unit) keep(ctx context.Context, c child) error {
	delay := restartDelay
	for {
		born := time.Now()
		select {
		case <-u.stopping:
			return c.Stop()
		case <-c.Done():
		}
		err := fmt.Errorf("%s ended (%s)", u.state.label(), c.LastLog())
		if !u.restart {
			return err
		}
		if time.Since(born) > steadyAfter {
			delay = restartDelay
		}
		for {
			u.log.Printf("%v; starting it again in %v", err, delay)
			select {
			case <-u.stopping:
				return nil
			case <-time.After(delay):
			}
			delay = min(2*delay, maxRestartDelay)
			if c, err = u.start(ctx); err == nil {
				u.note(c)
				break
			}
		}
	}
}

func (u *unit) note(c child) {
	u.state.PID = c.PID()
	u.changed(u.state)
}
