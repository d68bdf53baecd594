package main

import (
	"testing"
	"time"
)

// 36,000 people make 36,000 * 15 * 0.12 / 3600 = 18 changes a second in the busiest hour.
func TestForecast(t *testing.T) {
	t.Parallel()
	c := &costs{
		idle: map[string]float64{"postgres": 0.1},
		processor: map[unit]usage{
			unitChange: {"api": 100 * time.Millisecond, "api, sidecar": 50 * time.Millisecond, "postgres": 50 * time.Millisecond},
			unitSocket: {"live": time.Second},
		},
		socketMemory: map[string]float64{"live": 10},
		rest:         map[string]float64{"api": 1000, "api, sidecar": 2000, "live": 1000, "live, sidecar": 2000, "postgres": 5000},
		stored:       1000,
	}
	got := forecast(c, 36_000)
	sockets := 36_000 * 2 * 0.12
	for what, pair := range map[string][2]float64{
		"events a second": {got.events, 18*2 + 36_000*5*0.12/3600},
		"sockets":         {got.sockets, sockets},
		"processors":      {got.processors, (18*0.2 + sockets/3600 + 0.1) / 0.5},
		// Four pods of api use 3.6 processors, and five of live use 4.8.
		"memory":           {got.memory, 4*3000 + 5*3000 + 5000 + sockets*10},
		"pods":             {float64(got.pods), 4 + 5},
		"connections":      {float64(got.connections), 4*9 + 5*3},
		"bytes in a year":  {got.stored, 36_000 * 15 * 365 * 1000},
		"partitions":       {float64(got.partitions), 4},
		"nodes":            {float64(got.nodes), 4},
		"partitions later": {float64(forecast(c, 3_600_000).partitions), 17},
	} {
		if diff := pair[0] - pair[1]; diff > 1e-6*pair[1] || -diff > 1e-6*pair[1] {
			t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
}
