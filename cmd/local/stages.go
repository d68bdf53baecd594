package main

import (
	"slices"
	"sync"
	"time"
)

// stages measures the steps of a start. Steps overlap.
type stages struct {
	began time.Time

	mu   sync.Mutex
	done []stage
}

// stage is a step that has ended. Times are in seconds; From counts from the start.
type stage struct {
	Name string  `json:"name"`
	From float64 `json:"from_seconds"`
	Took float64 `json:"took_seconds"`
}

func newStages() *stages { return &stages{began: time.Now()} }

// begin begins a step. The caller calls end when the step is over.
func (s *stages) begin(name string) (end func()) {
	from := time.Now()
	return func() {
		took := time.Since(from)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.done = append(s.done, stage{name, from.Sub(s.began).Seconds(), took.Seconds()})
	}
}

// list returns the steps in the order in which they have ended.
func (s *stages) list() []stage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.done)
}
