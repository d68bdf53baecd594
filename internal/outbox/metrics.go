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
	calls     *prometheus.HistogramVec
	// deadLetters counts the events that the relay gave up.
	deadLetters *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		published: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "taskmaster_outbox_published_total", Help: "Events that the broker accepted.",
		}, []string{"topic"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "taskmaster_outbox_publish_failures_total", Help: "Failed attempts to publish an event.",
		}, []string{"topic"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "taskmaster_outbox_delay_seconds", Help: "Time in seconds from a change until the broker accepted its event. Replayed events count again.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 5, 30, 300, 3600},
		}),
		lag: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "taskmaster_outbox_lag_seconds", Help: "Age in seconds of the oldest event at the head of a queue; 0 when no event waits.",
		}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "taskmaster_outbox_publish_duration_seconds", Help: "Duration in seconds of the calls that publish events.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .5, 1, 5},
		}, []string{"topic"}),
		deadLetters: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "taskmaster_outbox_dead_letters_total", Help: "Events that became dead letters because the broker refused them alone.",
		}, []string{"topic"}),
	}
	r.MustRegister(m.published, m.failures, m.delay, m.lag, m.calls, m.deadLetters)
	return m
}

func (m *metrics) taken(topic string, waited time.Duration) {
	m.published.WithLabelValues(topic).Inc()
	m.delay.Observe(waited.Seconds())
}
