package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// startAll returns when the services can be used, and of each sidecar is known whether it can. What a sidecar cannot do at
// the moment takes nothing else down: services serve without, and events wait in the database.
func (s *system) startAll(ctx context.Context) error {
	started := s.times.begin("start everything")
	base, baseCtx := errgroup.WithContext(ctx)
	var databaseURL string
	base.Go(func() (err error) {
		defer s.times.begin("start PostgreSQL")()
		databaseURL, err = s.startDatabase(baseCtx, ctx)
		return err
	})
	base.Go(func() error { return s.startBroker(baseCtx, ctx) })
	base.Go(func() error { return s.startScheduler(baseCtx, ctx) })
	if err := base.Wait(); err != nil {
		return err
	}
	s.databaseURL = databaseURL // only now: until here the others read the plan
	pairs := s.pairs()
	s.mu.Lock()
	s.services = pairs
	s.mu.Unlock()

	settled := make(chan struct{})
	s.group.Go(func() error { return s.startSidecars(ctx, pairs, sync.OnceFunc(func() { close(settled) })) })
	services, servicesCtx := errgroup.WithContext(ctx)
	for i, r := range s.layout.replicas {
		services.Go(func() error {
			if err := s.launch(ctx, pairs[i].service); err != nil {
				return err
			}
			return awaitURL(servicesCtx, r.id(), s.service(r).ready)
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
	started()
	return s.state.update(func(state *systemState) { state.Ready, state.Stages = true, s.times.list() })
}

// pairs makes all services and their sidecars, and starts none.
func (s *system) pairs() []pair {
	var pairs []pair
	for _, r := range s.layout.replicas {
		state := processState{
			Name: r.service, Role: "service", Replica: r.number,
			Address: loopback(r.host, r.http), DaprHTTP: r.daprHTTPAddress(), DaprGRPC: r.daprGRPCAddress(),
		}
		sidecarState := state
		sidecarState.Role, sidecarState.Address = "sidecar", state.DaprHTTP
		pairs = append(pairs, pair{service: s.program(s.service(r), state), sidecar: s.newSidecar(r, sidecarState)})
	}
	return pairs
}

// startSidecars starts all sidecars once there is a broker, and calls settled once it is known of all how they are.
func (s *system) startSidecars(ctx context.Context, pairs []pair, settled func()) error {
	if !s.awaitBroker(ctx, settled) {
		return nil
	}
	first := map[string]*sidecar{}
	for _, p := range pairs {
		d := p.sidecar
		// First the first of each service: it makes the consumer in the broker that the others then find. Two that made it at
		// the same moment would leave one of them without events.
		if d.after = first[d.replica.service]; d.after == nil {
			first[d.replica.service] = d
		}
		s.group.Go(func() error { return d.run(ctx) })
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

// A broker that was started here may take long to become ready, most of all on a busy machine; one that the user brought
// should be there.
const (
	brokerPatience         = 45 * time.Second
	externalBrokerPatience = 5 * time.Second
	brokerPoll             = time.Second
)

// awaitBroker waits until the broker can be used and has its topics. If that takes too long it says so, calls hopeless, and
// goes on waiting. It returns false when the context has ended.
func (s *system) awaitBroker(ctx context.Context, hopeless func()) bool {
	patience := brokerPatience
	if s.cfg.broker.external(s.cfg.getenv) {
		patience = externalBrokerPatience
	}
	ready := func(ctx context.Context) error { return s.cfg.broker.ready(ctx, s.plan) }
	for began, pause := time.Now(), readyPoll; ; {
		probeCtx, cancel := context.WithTimeout(ctx, probeTimeout)
		err := ready(probeCtx)
		cancel()
		if err == nil {
			s.complaints.clear("broker")
			return true
		}
		if ctx.Err() == nil && time.Since(began) > patience {
			s.complaints.note("broker", s.diagnoseBroker(err))
			hopeless()
			pause = brokerPoll
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
}
