package main

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkFanOut measures the time from the sidecar's call until each of 1,000 sockets of one user
// has the event. The clients run in the same process and compete for its processors.
func BenchmarkFanOut(b *testing.B) {
	const sockets = 1000
	p, live := setup(b, func(c *config) { c.MaxSockets, c.MaxSocketsPerUser = sockets, sockets })
	clients := make([]*client, sockets)
	for i := range clients {
		clients[i] = dial(b, live, p, "?since=0")
	}
	events := p.change(b.N)
	var mu sync.Mutex
	var took []time.Duration
	for _, e := range events {
		var wg sync.WaitGroup
		published := time.Now()
		for _, c := range clients {
			wg.Go(func() {
				if _, err := c.next(); err != nil {
					b.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				took = append(took, time.Since(published))
			})
		}
		publish(b, live, e)
		wg.Wait()
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "ms-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "ms-p99")
	b.ReportMetric(0, "ns/op")
}
