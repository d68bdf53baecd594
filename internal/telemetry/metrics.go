package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// MetricsPath is the path of the metrics of a service.
const MetricsPath = "/metrics"

// measures are the metrics that every service has.
type measures struct {
	requests  *prometheus.HistogramVec
	consumed  *prometheus.HistogramVec
	staleness *prometheus.HistogramVec
}

// newMeasures registers the metrics of every service, and those of its process.
func newMeasures(r prometheus.Registerer) *measures {
	m := &measures{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_server_request_duration_seconds", Help: "Duration of requests in seconds, by route. A WebSocket lasts until it is closed.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"http_request_method", "http_route", "http_response_status_code"}),
		consumed: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "taskmaster_consumer_duration_seconds", Help: "Duration of the handling of events in seconds, by type and outcome.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5},
		}, []string{"event_type", "outcome"}),
		staleness: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "taskmaster_consumer_lag_seconds", Help: "Time in seconds from a change until its event is handled, by the time in the event.",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 30, 60, 300, 3600},
		}, []string{"event_type"}),
	}
	r.MustRegister(m.requests, m.consumed, m.staleness, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe counts a request. Probes are not counted.
func (m *measures) observe(r *http.Request, route string, status int, took time.Duration) {
	if !isProbe(route) {
		m.requests.WithLabelValues(Method(r), route, strconv.Itoa(status)).Observe(took.Seconds())
	}
}

// observeEvent counts a handled event.
func (m *measures) observeEvent(eventType string, at, began time.Time, err error) {
	outcome := "ok"
	if err != nil {
		outcome = "error"
	}
	now := time.Now()
	m.consumed.WithLabelValues(eventType, outcome).Observe(now.Sub(began).Seconds())
	if err == nil {
		m.staleness.WithLabelValues(eventType).Observe(max(0, now.Sub(at).Seconds()))
	}
}

// Metrics returns the registry of a service's metrics.
func (t *Telemetry) Metrics() *prometheus.Registry { return t.orOff().registry }

// MetricsHandler serves the metrics of a service. Caller: Prometheus.
func (t *Telemetry) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(t.Metrics(), promhttp.HandlerOpts{})
}
