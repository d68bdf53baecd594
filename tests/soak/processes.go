package main

import (
	"fmt"
	"slices"
	"strings"

	"taskmaster/tests/system"
)

// processWatch holds the processes at the start and their memory.
type processWatch struct {
	first  []system.Process
	before map[int]int // RSS in KiB, by process id
}

// start records the running processes.
func (w *processWatch) start(s *system.System) error {
	state, err := s.State()
	if err != nil {
		return err
	}
	w.first, w.before = state.Processes, map[int]int{}
	slices.SortFunc(w.first, func(a, b system.Process) int { return strings.Compare(a.Title(), b.Title()) })
	for _, p := range w.first {
		if w.before[p.PID], _, err = p.Memory(); err != nil {
			return err
		}
	}
	return nil
}

// check returns an error if a process of the start does not run any more.
func (w *processWatch) check(s *system.System) error {
	for _, was := range w.first {
		is, err := s.Process(was.Role, was.Name, was.Replica)
		if err != nil {
			return err
		}
		if is.PID != was.PID {
			return fmt.Errorf("%s (process %d) ended and was replaced by process %d", was.Title(), was.PID, is.PID)
		}
	}
	return nil
}

// memory returns a Markdown table of each process's RSS at the start and now.
func (w *processWatch) memory() (string, error) {
	var s strings.Builder
	s.WriteString("\n| memory (RSS, MiB) | at the start | at the end |\n|---|--:|--:|\n")
	for _, p := range w.first {
		now, _, err := p.Memory()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&s, "| %s | %d | %d |\n", p.Title(), w.before[p.PID]/1024, now/1024)
	}
	return s.String(), nil
}
