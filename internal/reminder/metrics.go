package reminder

import (
	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	late    prometheus.Histogram
	repairs *prometheus.CounterVec
}

// The reasons of a repair.
const (
	repairLost  = "lost"  // the scheduler did not know the job
	repairSwept = "swept" // the job did not call in time
)

// newMetrics registers the metrics, unless r is nil.
func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		late: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "taskmaster_reminder_lateness_seconds", Help: "Time in seconds from the instant of a reminder until it fired.",
			Buckets: []float64{.1, .5, 1, 2, 5, 10, 30, 60, 300, 3600},
		}),
		repairs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "taskmaster_reminder_job_repairs_total", Help: "Jobs of reminders that the scheduler lost, or whose reminder was fired without them, by reason.",
		}, []string{"reason"}),
	}
	if r != nil {
		r.MustRegister(m.late, m.repairs)
	}
	return m
}
