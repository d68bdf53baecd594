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

// api is what handlers share. They never speak to the sidecar: what they change is committed with its events, and wake
// tells the background that there is something to publish and to schedule.
type api struct {
	cfg  config
	db   *postgres.DB
	log  *slog.Logger
	now  func() time.Time
	wake func(userID uuid.UUID)

	gate   *gate
	hasher *hasher
	// cautious decides which reminders are due and which rows are old.
	cautious *cautiousClock
	// firing has a place for each reminder that fires at this moment, and each user has firingOfUser of them. looking has a
	// place for each that is looked up before.
	firing, looking chan struct{}
	firingOfUser    *peruser.Semaphore
	metrics         *prometheus.Registry
	panics          prometheus.Counter
	// deadLetters counts those that came, by the topic that they came from.
	deadLetters *prometheus.CounterVec

	deliveries *delivery.Queue
	imports    imports
}

func newAPI(cfg config, db *postgres.DB, log *slog.Logger, now func() time.Time, wake func(userID uuid.UUID)) (*api, error) {
	g, err := newGate(cfg)
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
		cfg: cfg, db: db, log: log, now: now, wake: wake, gate: g, hasher: newHasher(passwordCost), deliveries: deliveries,
		cautious: cautious,
		firing:   make(chan struct{}, maxFiring), looking: make(chan struct{}, maxLooking), firingOfUser: peruser.New(maxFiringOfUser),
		metrics: metrics, panics: server.NewPanics(metrics), deadLetters: deadLetters, imports: newImports(),
	}, nil
}

// requestTimeout bounds what one request may take of the database.
const requestTimeout = 15 * time.Second

// read runs f, which does not change anything, in a transaction.
func (a *api) read(ctx context.Context, f func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	err := a.db.InTx(ctx, func(tx pgx.Tx) error { return f(ctx, tx) })
	if task.ErrorCode(err) == task.CodeOutcomeUnknown {
		return task.RetryLater(task.CodeUnavailable, time.Second, "the database is away, try again shortly")
	}
	return err
}

// decode reads a request's JSON body into v and returns the bytes as well, by which a repeated request is recognised.
func (a *api) decode(w http.ResponseWriter, r *http.Request, v any) ([]byte, error) {
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
