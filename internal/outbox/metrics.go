package outbox

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	published *prometheus.CounterVec
	failures  *prometheus.CounterVec
	delay     prometheus.Histogram
	lag       prometheus.Gauge
	// deadLetters counts the events that were given up.
	deadLetters *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		published: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "taskmaster_outbox_published_total", Help: "Events that the broker has taken.",
		}, []string{"topic"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "taskmaster_outbox_publish_failures_total", Help: "Attempts to publish an event that failed.",
		}, []string{"topic"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "taskmaster_outbox_delay_seconds", Help: "Time from a change to the broker having its event; replayed events count again.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 5, 30, 300, 3600},
		}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "taskmaster_outbox_lag_seconds", Help: "Age of the event that waits to be published next, of all shards the oldest; 0 when none waits.",
		}),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "taskmaster_outbox_dead_letters_total", Help: "Events that were given up, because the broker refused them alone.",
		}, []string{"topic"}),
	}
	r.MustRegister(m.published, m.failures, m.delay, m.lag, m.deadLetters)
	return m
}

func (m *metrics) taken(topic string, waited time.Duration) {
	m.published.WithLabelValues(topic).Inc()
	m.delay.Observe(waited.Seconds())
}
