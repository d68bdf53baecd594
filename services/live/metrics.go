package main

import "github.com/prometheus/client_golang/prometheus"

// metrics are the metrics of the sockets.
type metrics struct {
	resyncs, slow prometheus.Counter
	all           []prometheus.Collector
}

func newMetrics(h *hub) *metrics {
	m := &metrics{
		resyncs: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "taskmaster_live_resyncs_total", Help: "Messages that told a client to reload all tasks, because changes are missing.",
		}),
		slow: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "taskmaster_live_slow_sockets_total", Help: "Sockets that were closed because their client was too slow.",
		}),
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "taskmaster_live_sockets", Help: "Open WebSockets of clients.",
	}, func() float64 {
		h.mu.Lock()
		defer h.mu.Unlock()
		return float64(h.total)
	})
	m.all = []prometheus.Collector{open, m.resyncs, m.slow}
	return m
}
