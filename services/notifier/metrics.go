package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts attempts by kind of channel and resulting state of the delivery.
type metrics struct {
	attempts *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "taskmaster_notifier_attempts_total", Help: "Attempts at deliveries, by kind of channel and resulting state.",
		}, []string{"kind", "state"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "taskmaster_notifier_attempt_seconds", Help: "Duration of attempts at deliveries in seconds.",
			Buckets: []float64{0.01, 0.05, 0.1, 0.5, 1, 5, 15},
		}, []string{"kind"}),
	}
	r.MustRegister(m.attempts, m.seconds)
	return m
}

func (m metrics) observe(kind, state string, took time.Duration) {
	m.attempts.WithLabelValues(kind, state).Inc()
	m.seconds.WithLabelValues(kind).Observe(took.Seconds())
}
