package postgres

import (
	"github.com/prometheus/client_golang/prometheus"
)

// poolMetrics are the metrics of a DB's connections.
type poolMetrics struct {
	db             *DB
	connections    *prometheus.GaugeVec
	waits, seconds prometheus.CounterFunc
}

// Metrics returns the metrics of the connections. The name tells the pools of a process apart.
func (db *DB) Metrics(name string) prometheus.Collector {
	labels := prometheus.Labels{"pool": name}
	return &poolMetrics{
		db: db,
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "taskmaster_database_connections", Help: "Connections to the database, by state: idle, used, or max for the limit.", ConstLabels: labels,
		}, []string{"state"}),
		waits: prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "taskmaster_database_waits_total", Help: "Transactions that waited for a connection to the database.", ConstLabels: labels,
		}, func() float64 { return float64(db.pool.Stat().EmptyAcquireCount()) }),
		seconds: prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "taskmaster_database_wait_seconds_total", Help: "Time in seconds that transactions waited for a connection to the database.", ConstLabels: labels,
		}, func() float64 { return db.pool.Stat().EmptyAcquireWaitTime().Seconds() }),
	}
}

// Describe describes the metrics.
func (m *poolMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, c := range []prometheus.Collector{m.connections, m.waits, m.seconds} {
		c.Describe(to)
	}
}

// Collect reads the state of the pool.
func (m *poolMetrics) Collect(to chan<- prometheus.Metric) {
	stat := m.db.pool.Stat()
	m.connections.WithLabelValues("idle").Set(float64(stat.IdleConns()))
	m.connections.WithLabelValues("used").Set(float64(stat.AcquiredConns()))
	m.connections.WithLabelValues("max").Set(float64(stat.MaxConns()))
	for _, c := range []prometheus.Collector{m.connections, m.waits, m.seconds} {
		c.Collect(to)
	}
}
