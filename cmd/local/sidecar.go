package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// sidecarPatience is how long a sidecar may take to become usable before somebody is told. Most take a second; some brokers
// that take connections and do not answer keep it waiting for minutes.
const sidecarPatience = 20 * time.Second

// sidecar is a replica's daprd. One that cannot start takes nothing down: its service serves, events wait, and it is started
// again, with the components as they are then, until it can.
type sidecar struct {
	s       *system
	replica replica
	unit    *unit
	log     *sidecarLog
	after   *sidecar // that has to be usable before this one starts; nil for most

	// settled is closed once it is usable or it was said why not, usable once it was usable.
	settled, usable       chan struct{}
	setSettled, setUsable func()
}

func (s *system) newSidecar(r replica, state processState) *sidecar {
	d := &sidecar{
		s: s, replica: r, log: newSidecarLog(), settled: make(chan struct{}), usable: make(chan struct{}),
	}
	d.setSettled = sync.OnceFunc(func() { close(d.settled) })
	d.setUsable = sync.OnceFunc(func() { close(d.usable) })
	d.unit = s.unit(state, d.start)
	d.unit.trial = &trial{usable: d.awaitUsable, passed: d.passed, failed: d.failed}
	return d
}

// run keeps the sidecar running until halt, from the moment when it may start.
func (d *sidecar) run(ctx context.Context) error {
	if d.after != nil {
		select {
		case <-d.after.usable:
		case <-ctx.Done():
			return nil
		}
	}
	keep, err := d.unit.launch(ctx)
	if errors.Is(err, errHalted) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", d.name(), err)
	}
	return keep()
}

// awaitSettled waits until it is known whether the sidecar can be used; of one that waits for another, that is what is known
// of the other. It returns false when the context has ended.
func (d *sidecar) awaitSettled(ctx context.Context) bool {
	if d.after != nil {
		if !d.after.awaitSettled(ctx) {
			return false
		}
		select {
		case <-d.after.usable:
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

func (d *sidecar) spec() spec { return d.s.sidecar(d.replica) }

func (d *sidecar) start(context.Context) (child, error) {
	d.log.starts()
	if _, err := d.s.components(); err != nil {
		return nil, err
	}
	out := d.s.console.writer(d.name(), "sidecar")
	out.readable = d.log.readable
	return startProcess(d.spec(), out)
}

// awaitUsable waits until the sidecar has started with all components that it needs.
func (d *sidecar) awaitUsable(ctx context.Context, _ child) error {
	began, told := time.Now(), false
	healthy := probeURL(d.spec().ready)
	err := poll(ctx, func(ctx context.Context) error {
		err := healthy(ctx)
		if err != nil && !told && time.Since(began) > sidecarPatience {
			told = true
			d.failed(ctx, fmt.Errorf("it has not become ready within %v", sidecarPatience))
		}
		return err
	})
	if err != nil {
		return err
	}
	loaded, err := d.loaded(ctx)
	if err != nil {
		return fmt.Errorf("ask for the sidecar's components: %w", err)
	}
	all, err := d.s.components()
	if err != nil {
		return err
	}
	return d.s.missing(all, d.replica.service, loaded)
}

// loaded asks the sidecar which components it has.
func (d *sidecar) loaded(ctx context.Context) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
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

func (d *sidecar) passed() {
	d.log.started()
	d.s.complaints.clear(d.name())
	d.setUsable()
	d.setSettled()
}

func (d *sidecar) failed(ctx context.Context, err error) {
	d.s.complaints.note(d.name(), d.s.diagnose(ctx, d.name(), d.log.said(), err))
	d.setSettled()
}
