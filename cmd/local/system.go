package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/embedded"
)

// system is everything that runs.
type system struct {
	plan
	console    *console
	log        *lines
	complaints *complaints
	state      *stateFile
	times      *stages
	group      *errgroup.Group // owns the keeping of all units

	mu       sync.Mutex
	services []pair
	// The rest, in the order in which they are stopped.
	scheduler, broker, postgres *unit
}

// pair is a service and its sidecar.
type pair struct {
	service *unit
	sidecar *sidecar
}

// run runs the whole system until the context ends, or a process dies that is not to be restarted.
func run(ctx context.Context, cfg config, console *console) error {
	log := console.writer("local", "")
	unlock, err := lock(cfg.dir)
	if err != nil {
		return err
	}
	defer unlock()
	times := newStages()
	if err := awaitLeftovers(ctx, cfg.dir); err != nil {
		return err
	}
	layout, err := fixedLayout(cfg)
	if err != nil {
		return err
	}
	release, err := layout.claim(ctx, cfg.freePorts)
	if err != nil {
		return err
	}
	defer release()
	dapr, err := provide(ctx, cfg, log, times)
	if err != nil {
		return err
	}
	for _, r := range layout.replicas {
		console.fit(sidecarName(r))
	}
	secrets, err := loadSecrets(cfg.dir)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}

	s := &system{
		plan:    plan{cfg: cfg, layout: layout, secrets: secrets, databaseURL: cfg.getenv("DATABASE_URL"), self: self, dapr: dapr},
		console: console, log: log, complaints: newComplaints(log), times: times,
	}
	if err := s.prepare(); err != nil {
		return err
	}
	err = s.serve(ctx)
	return errors.Join(err, s.state.remove())
}

// provide makes sure of all programs: it builds and fetches them side by side. It returns those of Dapr.
func provide(ctx context.Context, cfg config, log *lines, times *stages) (daprPrograms, error) {
	dapr, err := findDapr(ctx, cfg, log)
	if err != nil {
		return dapr, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return build(ctx, cfg, dapr.unbuilt(), log, times) })
	group.Go(func() error {
		defer times.begin("fetch the broker")()
		if err := fetch(ctx, cfg, log); err != nil {
			return fmt.Errorf("broker %s: %w", cfg.brokerName, err)
		}
		return nil
	})
	if cfg.getenv("DATABASE_URL") == "" {
		group.Go(func() error {
			defer times.begin("find or fetch PostgreSQL")()
			return embedded.Fetch(ctx, postgresDir(cfg), log)
		})
	}
	return dapr, group.Wait()
}

func postgresDir(cfg config) string { return filepath.Join(cfg.dir, "postgres") }

// prepare writes the files that the processes need.
func (s *system) prepare() error {
	// Who was where the last time is of no use.
	names, err := filepath.Glob(filepath.Join(s.daprDir(), "names.db*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	s.state, err = newStateFile(s.cfg.dir, systemState{
		URL: s.pageURL(), DatabaseURL: s.databaseURL, Broker: s.cfg.brokerName, Components: s.cfg.components,
		PID: os.Getpid(), Processes: []processState{},
	})
	return err
}

// serve starts everything, waits, and stops everything.
func (s *system) serve(ctx context.Context) error {
	group, groupCtx := errgroup.WithContext(ctx)
	groupCtx, end := context.WithCancel(groupCtx)
	defer end()
	s.group = group
	began := time.Now()
	err := s.startAll(groupCtx)
	if err == nil {
		s.log.Printf("%s", s.greeting(time.Since(began)))
		group.Go(func() error { s.keepBackups(groupCtx, s.databaseURL); return nil })
		<-groupCtx.Done()
	}
	// Who died is worth more than who waited for it in vain.
	if cause := context.Cause(groupCtx); cause != nil {
		err = cause
	}
	if ctx.Err() != nil {
		err = nil
		s.log.Printf("stopping")
	} else {
		s.log.Printf("%v; stopping everything", err)
	}
	end()
	s.stopAll()
	if waitErr := group.Wait(); err == nil {
		err = waitErr
	}
	return err
}

// greeting says that the system can be used, and honestly how far.
func (s *system) greeting(after time.Duration) string {
	greeting := fmt.Sprintf("%s (%.1f s)", strings.TrimSuffix("TaskMaster is ready at "+s.pageURL(), " at "), after.Seconds())
	if s.complaints.any() {
		greeting += ", but events wait until what was said above is put right"
	}
	return greeting
}

// startDatabase starts PostgreSQL, unless the user brought one, brings its schema up to date and returns its URL.
func (s *system) startDatabase(ctx, life context.Context) (string, error) {
	databaseURL := s.databaseURL
	if databaseURL == "" {
		var server *embedded.Server
		s.postgres = s.unit(processState{Name: "postgres", Role: "postgres", Replica: 1, Address: loopback("", s.layout.postgres)},
			func(ctx context.Context) (c child, err error) {
				server, err = embedded.Start(ctx, embedded.Config{
					Dir: postgresDir(s.cfg), Port: s.layout.postgres, Log: s.console.writer("postgres", "postgres"),
				})
				return server, err
			})
		err := s.launch(life, s.postgres)
		if err != nil {
			return "", err
		}
		if databaseURL, err = through(s.cfg.databaseAt, server.URL()); err != nil {
			return "", err
		}
		if err := s.state.update(func(state *systemState) { state.DatabaseURL = databaseURL }); err != nil {
			return "", err
		}
	}
	db, err := postgres.Open(ctx, databaseURL, 4)
	if err != nil {
		return "", err
	}
	defer db.Close()
	if err := postgres.Migrate(ctx, db); err != nil {
		return "", err
	}
	return s.cfg.tuning.database.inQuery(databaseURL)
}

// through returns a database's URL with another host:port, unless that is empty.
func through(at, database string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	u.Host = cmp.Or(at, u.Host)
	return u.String(), nil
}

// stopAll stops what was started: services first, which then still have their sidecars to finish with, and last what all
// the others need.
func (s *system) stopAll() {
	s.mu.Lock()
	services := slices.Clone(s.services)
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, p := range services {
		wg.Go(func() {
			p.service.halt()
			p.sidecar.unit.halt()
		})
	}
	wg.Wait()
	for _, u := range []*unit{s.scheduler, s.broker, s.postgres} {
		if u != nil {
			u.halt()
		}
	}
}

func (s *system) unit(state processState, start func(context.Context) (child, error)) *unit {
	changed := func(p processState) {
		// It is written again when there is room.
		if err := s.state.set(p); err != nil && !isDiskFull(err) {
			s.log.Printf("write system.json: %v", err)
		}
	}
	return &unit{
		state: state, start: start, restart: s.cfg.restart, log: s.log, changed: changed,
		disk:     diskWatch{complaints: s.complaints, changed: changed},
		stopping: make(chan struct{}), renewals: make(chan struct{}, 1),
	}
}

func (s *system) program(spec spec, state processState) *unit {
	return s.unit(state, func(context.Context) (child, error) {
		return startProcess(spec, s.console.writer(spec.name, spec.role))
	})
}

// launch starts a unit, which the group then keeps running.
func (s *system) launch(ctx context.Context, u *unit) error {
	keep, err := u.launch(ctx)
	if err != nil {
		return fmt.Errorf("start %s: %w", u.state.label(), err)
	}
	s.group.Go(keep)
	return nil
}
