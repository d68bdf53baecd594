package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/idle"
	"taskmaster/internal/postgres"
)

const (
	// countTimeout bounds the counting of pending events. It is shorter than the patience of Prometheus.
	countTimeout = 2 * time.Second
	// maxCounted is the largest number of pending events that is shown. Counting must not add to an outage.
	maxCounted = 100_000
)

// newPendingEvents returns a metric of the number of pending events. They are counted when Prometheus asks. It keeps its
// last value while the database sleeps or is away.
func newPendingEvents(ctx context.Context, db *postgres.DB, activity *idle.Monitor) prometheus.Collector {
	var last atomic.Int64 // two requests may read the number at the same time
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "taskmaster_outbox_pending_events", Help: "Events that wait for the broker, at most 100000.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(ctx, countTimeout)
		defer cancel()
		if activity.Awake() {
			_ = db.InTx(ctx, func(tx pgx.Tx) (err error) { // the services report a database that is away
				n, err := postgres.CountPending(ctx, tx, maxCounted)
				if err == nil {
					last.Store(int64(n))
				}
				return err
			})
		}
		return float64(last.Load())
	})
}
