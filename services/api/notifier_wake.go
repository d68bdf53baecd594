package main

import (
	"context"
	"log/slog"
	"time"

	"taskmaster/internal/backoff"
	"taskmaster/internal/health"
)

// notifierWaker tells notifier that api has queued deliveries. Without a message, a notifier whose
// database sleeps would not look for them.
type notifierWaker struct {
	// invoke calls a method of another app. It is sidecar.Client.Invoke, except in tests.
	invoke func(ctx context.Context, appID, method string, body any) error
	health *health.Reporter
	// woken has an element if notifier has to be told.
	woken chan struct{}
}

var notifierBackoff = backoff.Policy{Min: 100 * time.Millisecond, Max: 5 * time.Second}

func newNotifierWaker(invoke func(ctx context.Context, appID, method string, body any) error, log *slog.Logger) *notifierWaker {
	return &notifierWaker{invoke: invoke, health: health.New("waking notifier", log, time.Now), woken: make(chan struct{}, 1)}
}

// wake never blocks. Calls before the next message count once.
func (n *notifierWaker) wake() {
	select {
	case n.woken <- struct{}{}:
	default:
	}
}

// run sends a message after each wake until ctx is cancelled. It repeats a failed one.
func (n *notifierWaker) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-n.woken:
		}
		for failures := 1; ; failures++ {
			err := n.invoke(ctx, "notifier", "internal/deliveries", struct{}{})
			n.health.Report(ctx, err)
			if err == nil || notifierBackoff.Wait(ctx, failures) != nil {
				break
			}
		}
	}
}
