package main

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/dapr/components-contrib/nameresolution"
	"github.com/dapr/kit/logger"
)

// registrationTime is how long a sidecar tries to register its name.
const registrationTime = time.Minute

// registrar is a name resolver that tries to register again, and does not let a sidecar run without
// a name.
//
// Sidecars that start together and open one SQLite file sometimes fail with "database is locked":
// SQLite does not wait when it changes the journal to WAL, and a busy machine takes longer than the
// component's timeout. Dapr only logs the error. The sidecar would then run, but no other sidecar
// could find it.
type registrar struct {
	nameresolution.Resolver // set by Init

	create func(logger.Logger) nameresolution.Resolver
	log    logger.Logger
	limit  time.Duration                    // how long Init tries
	fatal  func(format string, args ...any) // ends the process
}

// newRegistrar returns a constructor for Dapr's registry.
func newRegistrar(create func(logger.Logger) nameresolution.Resolver) func(logger.Logger) nameresolution.Resolver {
	return func(log logger.Logger) nameresolution.Resolver {
		return &registrar{create: create, log: log, limit: registrationTime, fatal: log.Fatalf}
	}
}

// Init registers the sidecar's name. It tries again with a backoff. If that fails for a minute, it
// ends the process.
func (r *registrar) Init(ctx context.Context, meta nameresolution.Metadata) error {
	wait := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(20*time.Millisecond), backoff.WithMaxInterval(2*time.Second), backoff.WithMaxElapsedTime(r.limit),
	)
	err := backoff.RetryNotify(func() error {
		// After an error a resolver keeps its connection, so that each attempt needs a new one.
		r.Resolver = r.create(r.log)
		err := r.Resolver.Init(ctx, meta)
		if err != nil {
			_ = r.Close() // its error says only that nothing was registered
		}
		return err
	}, backoff.WithContext(wait, ctx), func(err error, next time.Duration) {
		r.log.Infof("could not register the name %q, trying again in %s: %v", meta.Instance.AppID, next.Round(time.Millisecond), err)
	})
	if err != nil && ctx.Err() == nil {
		r.fatal("register the name %q: %v", meta.Instance.AppID, err)
	}
	if err != nil {
		return fmt.Errorf("register the name %q: %w", meta.Instance.AppID, err)
	}
	return nil
}
