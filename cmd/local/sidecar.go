package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"taskmaster/cmd/local/component"
	"taskmaster/cmd/local/supervise"
)

// sidecarPatience is how long a sidecar may take to become ready before the log reports a problem.
// Most take a second. A broker that accepts connections and does not answer can take minutes.
const sidecarPatience = 20 * time.Second

// sidecar is the daprd of a replica. If it cannot start, the rest of the system runs: its service
// answers and events wait. The sidecar is started again, with the current component files, until it
// can.
type sidecar struct {
	s       *system
	replica replica
	unit    *supervise.Unit
	log     *component.Log
	after   *sidecar // has to be ready before this one starts; nil for most

	// ready is closed when the sidecar is ready for the first time. settled is closed then, or when the
	// first problem was reported.
	settled, ready       chan struct{}
	setSettled, setReady func()
}

// newSidecar returns the sidecar of a replica. It starts once after is ready, if after is not nil.
func (s *system) newSidecar(r replica, state processState, after *sidecar) *sidecar {
	d := &sidecar{
		s: s, replica: r, log: component.NewLog(), after: after,
		settled: make(chan struct{}), ready: make(chan struct{}),
	}
	d.setSettled = sync.OnceFunc(func() { close(d.settled) })
	d.setReady = sync.OnceFunc(func() { close(d.ready) })
	d.unit = s.newUnit(state, d.start, &supervise.Readiness{Probe: d.awaitReady, Ready: d.onReady, Failed: d.onProblem})
	return d
}

// run keeps the sidecar running until its unit is stopped, from the moment when it may start.
func (d *sidecar) run(ctx context.Context) error {
	if d.after != nil {
		select {
		case <-d.after.ready:
		case <-ctx.Done():
			return nil
		}
	}
	superviseUnit, err := d.unit.Start(ctx)
	if errors.Is(err, supervise.ErrStopped) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", d.name(), err)
	}
	return superviseUnit()
}

// awaitSettled waits until the sidecar is ready or has reported a problem. For a sidecar that waits
// for another, a problem of the other is enough. It returns false when ctx is cancelled.
func (d *sidecar) awaitSettled(ctx context.Context) bool {
	if d.after != nil {
		if !d.after.awaitSettled(ctx) {
			return false
		}
		select {
		case <-d.after.ready:
		default:
			return true
		}
	}
	select {
	case <-d.settled:
		return true
	case <-ctx.Done():
		return false
	}
}

func (d *sidecar) name() string { return sidecarName(d.replica) }

func (d *sidecar) start(context.Context) (supervise.Child, error) {
	d.log.Starting()
	if err := d.s.doctor.Check(); err != nil {
		return nil, err
	}
	return supervise.Start(d.s.sidecar(d.replica), d.s.console.Lines(d.name(), d.log.Filter))
}

// awaitReady waits until the sidecar has started with all components that its service needs.
func (d *sidecar) awaitReady(ctx context.Context) error {
	began, reported := time.Now(), false
	healthy := supervise.ProbeURL(d.s.sidecar(d.replica).Ready)
	err := supervise.Poll(ctx, func(ctx context.Context) error {
		err := healthy(ctx)
		if err != nil && !reported && time.Since(began) > sidecarPatience {
			reported = true
			d.onProblem(ctx, fmt.Errorf("it has not become ready within %v", sidecarPatience))
		}
		return err
	})
	if err != nil {
		return err
	}
	loaded, err := d.loadedComponents(ctx)
	if err != nil {
		return fmt.Errorf("ask for the sidecar's components: %w", err)
	}
	return d.s.doctor.CheckLoaded(d.replica.service, loaded)
}

// loadedComponents asks the sidecar for the names of its components.
func (d *sidecar) loadedComponents(ctx context.Context) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, supervise.ProbeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+d.replica.daprHTTPAddress()+"/v1.0/metadata", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Dapr-Api-Token", d.s.token("DAPR_API_TOKEN", d.s.secrets.DaprAPIToken))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(resp.Status)
	}
	var metadata struct {
		Components []struct{ Name string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&metadata); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, c := range metadata.Components {
		names[c.Name] = true
	}
	return names, nil
}

func (d *sidecar) onReady() {
	d.log.Started()
	d.s.health.Recovered(d.name())
	d.setReady()
	d.setSettled()
}

func (d *sidecar) onProblem(ctx context.Context, err error) {
	d.s.health.Degraded(d.name(), d.s.doctor.Sidecar(ctx, d.name(), d.log.Cause(), err))
	d.setSettled()
}
