package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"taskmaster/internal/delivery"
	"taskmaster/internal/peruser"
	"taskmaster/internal/postgres"
	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// api is the server: the state that handlers share. Handlers never call the sidecar. A change is
// committed together with its events, and wake tells the background work about it.
type api struct {
	cfg  config
	db   *postgres.DB
	log  *slog.Logger
	now  func() time.Time
	wake func(userID uuid.UUID)

	access *accessPolicy
	hasher *hasher
	// cautious decides which reminders are due and which rows are old.
	cautious *cautiousClock
	// firing limits how many reminders fire at a time, and firingOfUser how many of one user.
	// looking limits how many reminders are looked up at a time before they fire.
	firing, looking chan struct{}
	firingOfUser    *peruser.Semaphore
	metrics         *prometheus.Registry
	panics          prometheus.Counter
	// deadLetters counts received dead letters by the topic they came from.
	deadLetters *prometheus.CounterVec

	deliveries *delivery.Queue
	imports    imports
}

func newAPI(cfg config, db *postgres.DB, log *slog.Logger, now func() time.Time, wake func(userID uuid.UUID)) (*api, error) {
	access, err := newAccessPolicy(cfg)
	if err != nil {
		return nil, err
	}
	deliveries, err := delivery.NewQueue()
	if err != nil {
		return nil, err
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	deadLetters := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "taskmaster_dead_letters_total", Help: "Events that no consumer could handle.",
	}, []string{"topic"})
	metrics.MustRegister(deadLetters)
	cautious := &cautiousClock{process: now, database: db.Now}
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "taskmaster_clock_offset_seconds", Help: "How far this process's clock is ahead of the database's.",
	}, func() float64 { return cautious.lastOffset().Seconds() }))
	return &api{
		cfg: cfg, db: db, log: log, now: now, wake: wake, access: access, hasher: newHasher(passwordCost), deliveries: deliveries,
		cautious: cautious,
		firing:   make(chan struct{}, maxFiring), looking: make(chan struct{}, maxLooking), firingOfUser: peruser.New(maxFiringOfUser),
		metrics: metrics, panics: server.NewPanics(metrics), deadLetters: deadLetters, imports: newImports(),
	}, nil
}

// requestTimeout limits the time that one request may spend on the database. Without it, a slow
// query would hold a connection until the client gives up.
const requestTimeout = 15 * time.Second

// read runs f, which changes nothing, in a transaction.
func (s *api) read(ctx context.Context, f func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := s.db.InTx(ctx, func(tx pgx.Tx) error { return f(ctx, tx) })
	if task.ErrorCode(err) == task.CodeOutcomeUnknown {
		return task.RetryLater(task.CodeUnavailable, time.Second, "the database is not reachable, try again shortly")
	}
	return err
}

// decode reads the JSON body of a request into v. It also returns the bytes, which identify a
// repeated request.
func (s *api) decode(w http.ResponseWriter, r *http.Request, v any) ([]byte, error) {
	if err := server.CheckJSON(r); err != nil {
		return nil, err
	}
	body, err := server.ReadBody(w, r, server.MaxBody)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 && r.Method == http.MethodPost {
		return body, server.DecodeJSON([]byte("{}"), v)
	}
	return body, server.NameBody(server.DecodeJSON(body, v))
}
