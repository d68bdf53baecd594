package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// systemState is what system.json says about the running system, for programs that look at it from outside.
type systemState struct {
	URL         string         `json:"url"`
	DatabaseURL string         `json:"database_url"`
	Broker      string         `json:"broker"`
	Components  string         `json:"components"` // folder of the pub/sub components
	PID         int            `json:"pid"`
	Ready       bool           `json:"ready"`
	Processes   []processState `json:"processes"`
	Stages      []stage        `json:"stages,omitempty"` // of the start, once it is ready
}

// processState is one process. Addresses are host:port.
type processState struct {
	Name     string `json:"name"`
	Role     string `json:"role"` // service, sidecar, postgres, broker or scheduler
	Replica  int    `json:"replica"`
	PID      int    `json:"pid"`
	Address  string `json:"address"`
	DaprHTTP string `json:"dapr_http,omitempty"`
	DaprGRPC string `json:"dapr_grpc,omitempty"`
}

// label is the name of the process in the log.
func (p processState) label() string {
	name := p.Name
	if p.Replica > 1 {
		name += "-" + strconv.Itoa(p.Replica)
	}
	if p.Role == "sidecar" {
		name += "/dapr"
	}
	return name
}

// stateFile keeps system.json up to date.
type stateFile struct {
	file string

	mu    sync.Mutex
	state systemState
}

func newStateFile(dir string, first systemState) (*stateFile, error) {
	f := &stateFile{file: filepath.Join(dir, "system.json"), state: first}
	return f, writeJSON(f.file, first)
}

// update changes the state and writes it.
func (f *stateFile) update(change func(*systemState)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.state)
	return writeJSON(f.file, f.state)
}

// set notes a process in the place of the one it follows.
func (f *stateFile) set(p processState) error {
	return f.update(func(s *systemState) {
		for i, old := range s.Processes {
			if old.label() == p.label() {
				s.Processes[i] = p
				return
			}
		}
		s.Processes = append(s.Processes, p)
	})
}

// remove is for the end: nothing runs.
func (f *stateFile) remove() error {
	if err := os.Remove(f.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
