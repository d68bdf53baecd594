package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/clock"
	"taskmaster/internal/delivery"
	"taskmaster/internal/external"
	"taskmaster/internal/idle"
	"taskmaster/internal/oauth"
	"taskmaster/internal/peruser"
	"taskmaster/internal/postgres"
	"taskmaster/internal/seal"
	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/task"
	"taskmaster/internal/telemetry"
)

// service is the server: the state that handlers share. Handlers never call the sidecar. A change is
// committed together with its events, and wake tells the background work about it.
type service struct {
	cfg config
	dependencies

	access *accessPolicy
	hasher *hasher
	panics prometheus.Counter
	// deadLetterCount counts received dead letters by the topic they came from.
	deadLetterCount *prometheus.CounterVec
	// toolCalls measures calls of MCP tools.
	toolCalls *prometheus.HistogramVec

	deliveries *delivery.Queue
	// keys seal the secrets of channels.
	keys *seal.Keys
	// documents are the documents of OAuth clients.
	documents *oauth.Documents
	imports   imports
	// lists limits the lists that a user reads at a time.
	lists *peruser.Semaphore
	// retain has a value if runRetention should begin.
	retain chan struct{}
}

// dependencies are the parts that the server shares with the background work.
type dependencies struct {
	db  *postgres.DB
	log *slog.Logger
	// telemetry may be nil in tests.
	telemetry *telemetry.Telemetry
	now       func() time.Time
	// clock decides which rows are old.
	clock   *clock.Cautious
	metrics *prometheus.Registry
	// wake is called after a change of a user was committed.
	wake func(userID uuid.UUID)
	// fireReminder fires a reminder whose job has called.
	fireReminder func(ctx context.Context, taskID uuid.UUID, number int) error
	// applied checks the sidecar's components. It is nil in tests without a sidecar.
	applied *sidecar.Applied
	// idle is nil if the database does not sleep.
	idle *idle.Monitor
	// deliveriesQueued is called after deliveries were committed.
	deliveriesQueued func()
}

func newService(cfg config, deps dependencies) (*service, error) {
	access, err := newAccessPolicy(cfg)
	if err != nil {
		return nil, err
	}
	deliveries, err := delivery.NewQueue()
	if err != nil {
		return nil, err
	}
	keys, err := seal.ParseKeys(cfg.ChannelKeys)
	if err != nil {
		return nil, fmt.Errorf("CHANNEL_KEYS: %w", err)
	}
	deadLetters := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "taskmaster_dead_letters_total", Help: "Events that no consumer could handle.",
	}, []string{"topic"})
	deps.metrics.MustRegister(deadLetters)
	deps.metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "taskmaster_clock_offset_seconds", Help: "Time in seconds that this process's clock is ahead of the database's.",
	}, func() float64 { return deps.clock.Offset().Seconds() }))
	toolCalls := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "taskmaster_mcp_tool_duration_seconds", Help: "Duration of calls of MCP tools in seconds, by tool and outcome.",
		Buckets: []float64{.01, .05, .1, .5, 1, 5, 15},
	}, []string{"tool", "outcome"})
	deps.metrics.MustRegister(toolCalls)
	return &service{
		toolCalls: toolCalls,
		cfg:       cfg, dependencies: deps, access: access, keys: keys, hasher: newHasher(passwordCost), deliveries: deliveries,
		documents: oauth.NewDocuments(external.NewClient(external.IsPublic), deps.now),
		panics:    server.NewPanics(deps.metrics), deadLetterCount: deadLetters, imports: newImports(), lists: peruser.New(maxListsOfUser),
		retain: make(chan struct{}, 1),
	}, nil
}

// requestTimeout limits the time that one request may spend on the database. Without it, a slow
// query would hold a connection until the client gives up.
const requestTimeout = 15 * time.Second

// read runs f, which changes nothing, in a transaction.
func (s *service) read(ctx context.Context, f func(ctx context.Context, tx pgx.Tx) error) error {
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
func (s *service) decode(w http.ResponseWriter, r *http.Request, v any) ([]byte, error) {
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
