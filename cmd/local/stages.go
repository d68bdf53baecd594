package main

import (
	"slices"
	"sync"
	"time"
)

// stages measures the parts of a start, which overlap.
type stages struct {
	began time.Time

	mu  sync.Mutex
	all []stage
}

// stage is a part of a start that has ended. Its times are in seconds; From counts from the start.
type stage struct {
	Name string  `json:"name"`
	From float64 `json:"from_seconds"`
	Took float64 `json:"took_seconds"`
}

func newStages() *stages { return &stages{began: time.Now()} }

// begin starts a stage. The caller calls end once it is over.
func (s *stages) begin(name string) (end func()) {
	from := time.Now()
	return func() {
		took := time.Since(from)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all = append(s.all, stage{name, from.Sub(s.began).Seconds(), took.Seconds()})
	}
}

// list returns the stages that have ended, in the order of their end.
func (s *stages) list() []stage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}
