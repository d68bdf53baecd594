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

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"taskmaster/cmd/local/build"
	"taskmaster/cmd/local/component"
	"taskmaster/cmd/local/console"
	"taskmaster/cmd/local/supervise"
	"taskmaster/internal/lock"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/embedded"
)

// system is everything that runs.
type system struct {
	plan
	console *console.Console
	log     *console.Lines // of this program
	health  *supervise.Health
	doctor  *component.Doctor
	broker  eventBroker
	state   *stateFile
	stages  *stages
	group   *errgroup.Group // supervises all units
	// lacksAdmin reports whether the database had no administrator at the start.
	lacksAdmin bool

	mu       sync.Mutex
	services []pair
	// The other units, in the order in which they are stopped. Each is nil until it is started.
	schedulerUnit, brokerUnit, postgresUnit *supervise.Unit
}

// pair is a service and its sidecar.
type pair struct {
	service *supervise.Unit
	sidecar *sidecar
}

// run runs the whole system until ctx is cancelled, or until a process dies that is not restarted.
func run(ctx context.Context, cfg config, out *console.Console) error {
	log := out.Lines("local", nil)
	unlock, err := lock.Try(cfg.dir)
	if err != nil {
		return err
	}
	defer unlock()
	stages := newStages()
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
	dapr, err := preparePrograms(ctx, cfg, log, stages)
	if err != nil {
		return err
	}
	p, err := newPlan(cfg, layout, dapr)
	if err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	s, err := newSystem(p, out, stages, group)
	if err != nil {
		return err
	}
	return errors.Join(s.serve(ctx, groupCtx), s.state.remove())
}

// preparePrograms builds and fetches all programs side by side. It returns those of Dapr.
func preparePrograms(ctx context.Context, cfg config, log *console.Lines, stages *stages) (build.DaprPrograms, error) {
	dapr, err := build.FindDapr(ctx, cfg.root, cfg.getenv, log)
	if err != nil {
		return dapr, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return build.New(cfg.root, log, stages.begin).Build(ctx, cfg.services, dapr.Unbuilt()) })
	group.Go(func() error {
		defer stages.begin("fetch the broker")()
		if err := cfg.broker.fetch(ctx, cfg, log); err != nil {
			return fmt.Errorf("broker %s: %w", cfg.broker.name, err)
		}
		return nil
	})
	if cfg.getenv("DATABASE_URL") == "" {
		group.Go(func() error {
			defer stages.begin("find or fetch PostgreSQL")()
			return embedded.Fetch(ctx, postgresDir(cfg), log)
		})
	}
	return dapr, group.Wait()
}

func postgresDir(cfg config) string { return filepath.Join(cfg.dir, "postgres") }

// newPlan returns the plan for ports that were claimed. It generates missing secrets.
func newPlan(cfg config, layout layout, dapr build.DaprPrograms) (plan, error) {
	secrets, err := loadSecrets(cfg.dir)
	if err != nil {
		return plan{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return plan{}, fmt.Errorf("find this program: %w", err)
	}
	return plan{cfg: cfg, layout: layout, secrets: secrets, databaseURL: cfg.getenv("DATABASE_URL"), self: self, dapr: dapr}, nil
}

// newSystem returns a system in which no process runs yet, and writes its state. group will run the
// supervision of all units.
func newSystem(p plan, out *console.Console, stages *stages, group *errgroup.Group) (*system, error) {
	for _, r := range p.layout.replicas {
		out.Fit(sidecarName(r))
	}
	if err := p.removeNames(); err != nil {
		return nil, err
	}
	state, err := newStateFile(p.cfg.dir, systemState{
		URL: p.pageURL(), DatabaseURL: p.databaseURL, Broker: p.cfg.broker.name, Components: p.cfg.components,
		PID: os.Getpid(), Processes: []processState{},
	})
	if err != nil {
		return nil, err
	}
	log := out.Lines("local", nil)
	return &system{
		plan: p, console: out, log: log, health: supervise.NewHealth(log), doctor: p.newDoctor(), broker: p.newBroker(log),
		state: state, stages: stages, group: group,
	}, nil
}

// removeNames deletes the sidecars' addresses of the last run, which are wrong now.
func (p plan) removeNames() error {
	names, err := filepath.Glob(filepath.Join(p.daprDir(), "names.db*"))
	if err != nil {
		return fmt.Errorf("find the last run's addresses: %w", err)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("delete the last run's addresses: %w", err)
		}
	}
	return nil
}

// serve starts everything, waits, and stops everything. groupCtx is cancelled when a unit fails.
func (s *system) serve(ctx, groupCtx context.Context) error {
	groupCtx, end := context.WithCancel(groupCtx)
	defer end()
	began := time.Now()
	err := s.startAll(groupCtx)
	if err == nil {
		s.log.Printf("%s", s.greeting(time.Since(began)))
		if link := s.setupLink(); link != "" && s.lacksAdmin {
			s.log.Printf("There is no administrator. This link makes the account of one, once: %s", link)
		}
		backups := s.newBackups()
		s.group.Go(func() error { backups.run(groupCtx); return nil })
		<-groupCtx.Done()
	}
	// The error of a process that died says more than that of a process which waited for it.
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
	if waitErr := s.group.Wait(); err == nil {
		err = waitErr
	}
	return err
}

// greeting returns the line for a system that is ready. It mentions problems that are left.
func (s *system) greeting(after time.Duration) string {
	greeting := fmt.Sprintf("%s (%.1f s)", strings.TrimSuffix("TaskMaster is ready at "+s.pageURL(), " at "), after.Seconds())
	if s.health.AnyDegraded() {
		greeting += ", but events wait until the problem above is solved"
	}
	return greeting
}

// startDatabase starts PostgreSQL, unless the user brought a database, and migrates the schema. It
// returns the URL for services.
func (s *system) startDatabase(ctx, life context.Context) (string, error) {
	databaseURL := s.databaseURL
	if databaseURL == "" {
		var err error
		if databaseURL, err = s.startPostgres(life); err != nil {
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
	err = db.InTx(ctx, func(tx pgx.Tx) error {
		found, err := postgres.HasAdmin(ctx, tx)
		s.lacksAdmin = !found
		return err
	})
	if err != nil {
		return "", err
	}
	return s.cfg.tuning.database.inQuery(databaseURL)
}

// startPostgres starts PostgreSQL and publishes its URL in system.json.
func (s *system) startPostgres(life context.Context) (string, error) {
	var server *embedded.Server
	state := processState{Name: "postgres", Role: "postgres", Replica: 1, Address: loopback("", s.layout.postgres)}
	log := s.console.Lines("postgres", s.roleFilter("postgres"))
	s.postgresUnit = s.newUnit(state, func(ctx context.Context) (c supervise.Child, err error) {
		server, err = embedded.Start(ctx, embedded.Config{Dir: postgresDir(s.cfg), Port: s.layout.postgres, Log: log})
		return server, err
	}, nil)
	if err := s.start(life, s.postgresUnit); err != nil {
		return "", err
	}
	databaseURL, err := replaceHost(server.URL(), s.cfg.databaseAt)
	if err != nil {
		return "", err
	}
	return databaseURL, s.state.update(func(state *systemState) { state.DatabaseURL = databaseURL })
}

// replaceHost returns a database's URL with another host:port, unless that is empty.
func replaceHost(database, host string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", fmt.Errorf("parse the database's URL: %w", err)
	}
	u.Host = cmp.Or(host, u.Host)
	return u.String(), nil
}

// stopAll stops all processes. Services stop first, while their sidecars still run to finish their
// work. The processes that all others need stop last.
func (s *system) stopAll() {
	s.mu.Lock()
	services := slices.Clone(s.services)
	s.mu.Unlock()
	var wg sync.WaitGroup
	for _, p := range services {
		wg.Go(func() {
			p.service.Stop()
			p.sidecar.unit.Stop()
		})
	}
	wg.Wait()
	for _, u := range []*supervise.Unit{s.schedulerUnit, s.brokerUnit, s.postgresUnit} {
		if u != nil {
			u.Stop()
		}
	}
}

// newUnit returns a unit that keeps its process in system.json.
func (s *system) newUnit(state processState, start func(context.Context) (supervise.Child, error), readiness *supervise.Readiness) *supervise.Unit {
	return supervise.NewUnit(supervise.UnitConfig{
		Name: state.label(), Start: start, Restart: s.cfg.restart, Log: s.log, Health: s.health,
		Readiness: readiness,
		Started: func(pid int) {
			started := state
			started.PID = pid
			// After a full disk, the unit calls Started again when there is room.
			if err := s.state.set(started); err != nil && !supervise.IsDiskFull(err) {
				s.log.Printf("%v", err)
			}
		},
	})
}

// programUnit returns the unit of a program without readiness probe.
func (s *system) programUnit(program supervise.Program, state processState) *supervise.Unit {
	return s.newUnit(state, func(context.Context) (supervise.Child, error) {
		return supervise.Start(program, s.console.Lines(program.Name, s.roleFilter(state.Role)))
	}, nil)
}

// roleFilter returns a new filter for the log of a process with a role. Services log for people, so
// their lines are shown as they are.
func (s *system) roleFilter(role string) func(line string) string {
	var filter func(string) string
	switch role {
	case "postgres":
		filter = supervise.NewPostgresLog().Filter
	case "broker":
		filter = s.broker.FilterLog
	case "scheduler":
		filter = supervise.FilterDapr
	default:
		return nil
	}
	repetitions := supervise.NewRepetitions()
	return func(line string) string { return repetitions.Filter(filter(line)) }
}

// start starts a unit, and supervises it in the group.
func (s *system) start(ctx context.Context, u *supervise.Unit) error {
	superviseUnit, err := u.Start(ctx)
	if err != nil {
		return fmt.Errorf("start %s: %w", u.Name(), err)
	}
	s.group.Go(superviseUnit)
	return nil
}
