package main

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"taskmaster/cmd/local/supervise"
)

// startAll starts everything. It returns when all services are ready, and each sidecar is ready or
// has reported a problem. A sidecar with a problem does not stop the rest: its service runs, and
// events wait in the database.
func (s *system) startAll(ctx context.Context) error {
	end := s.stages.begin("start everything")
	if err := s.startBase(ctx); err != nil {
		return err
	}
	pairs := s.newPairs()
	s.mu.Lock()
	s.services = pairs
	s.mu.Unlock()

	settled := make(chan struct{})
	s.group.Go(func() error { return s.startSidecars(ctx, pairs, sync.OnceFunc(func() { close(settled) })) })
	services, servicesCtx := errgroup.WithContext(ctx)
	for i, r := range s.layout.replicas {
		services.Go(func() error {
			if err := s.start(ctx, pairs[i].service); err != nil {
				return err
			}
			return supervise.AwaitURL(servicesCtx, r.id(), s.service(r).Ready)
		})
	}
	if err := services.Wait(); err != nil {
		return err
	}
	select {
	case <-settled:
	case <-ctx.Done():
		return ctx.Err()
	}
	end()
	return s.state.update(func(state *systemState) { state.Ready, state.Stages = true, s.stages.list() })
}

// startBase starts the database, the broker and the scheduler side by side.
func (s *system) startBase(ctx context.Context) error {
	base, baseCtx := errgroup.WithContext(ctx)
	var databaseURL string
	base.Go(func() (err error) {
		defer s.stages.begin("start PostgreSQL")()
		databaseURL, err = s.startDatabase(baseCtx, ctx)
		return err
	})
	base.Go(func() error { return s.startBroker(baseCtx, ctx) })
	base.Go(func() error { return s.startScheduler(baseCtx, ctx) })
	if err := base.Wait(); err != nil {
		return err
	}
	s.databaseURL = databaseURL // not earlier: the other goroutines read the plan
	return s.writeDaprSecrets(s.broker.Secrets())
}

// newPairs returns all services and their sidecars, and starts none.
func (s *system) newPairs() []pair {
	var pairs []pair
	first := map[string]*sidecar{}
	for _, r := range s.layout.replicas {
		state := processState{
			Name: r.service, Role: "service", Replica: r.number,
			Address: loopback(r.host, r.http), DaprHTTP: r.daprHTTPAddress(), DaprGRPC: r.daprGRPCAddress(),
		}
		sidecarState := state
		sidecarState.Role, sidecarState.Address = "sidecar", state.DaprHTTP
		// The first sidecar of a service starts alone. It creates the consumer in the broker, which the
		// others then find. If two created it at the same moment, one of them would get no events.
		d := s.newSidecar(r, sidecarState, first[r.service])
		if first[r.service] == nil {
			first[r.service] = d
		}
		pairs = append(pairs, pair{service: s.programUnit(s.service(r), state), sidecar: d})
	}
	return pairs
}

// startSidecars starts all sidecars once the broker is ready. It calls settled when each sidecar is
// ready or has reported a problem, or when the broker has a problem.
func (s *system) startSidecars(ctx context.Context, pairs []pair, settled func()) error {
	if !s.awaitBroker(ctx, settled) {
		return nil
	}
	for _, p := range pairs {
		s.group.Go(func() error { return p.sidecar.run(ctx) })
	}
	s.group.Go(func() error { s.watchBroker(ctx, pairs); return nil })
	for _, p := range pairs {
		if !p.sidecar.awaitSettled(ctx) {
			return nil
		}
	}
	settled()
	return nil
}
