package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// systemState is the content of system.json. It describes the running system to other programs.
type systemState struct {
	URL         string         `json:"url"`
	DatabaseURL string         `json:"database_url"`
	Broker      string         `json:"broker"`
	Components  string         `json:"components"` // folder of the pub/sub components
	PID         int            `json:"pid"`
	Ready       bool           `json:"ready"`
	Processes   []processState `json:"processes"`
	Stages      []stage        `json:"stages,omitempty"` // of the start, once it is over
}

// processState describes one process. Addresses are host:port.
type processState struct {
	Name     string `json:"name"`
	Role     string `json:"role"` // service, sidecar, postgres, broker or scheduler
	Replica  int    `json:"replica"`
	PID      int    `json:"pid"`
	Address  string `json:"address"`
	DaprHTTP string `json:"dapr_http,omitempty"`
	DaprGRPC string `json:"dapr_grpc,omitempty"`
}

// label returns the name of the process in the log.
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

// stateFile is system.json of the running system.
type stateFile struct {
	file string

	mu    sync.Mutex
	state systemState
}

// systemFile returns the path of system.json.
func systemFile(dir string) string { return filepath.Join(dir, "system.json") }

// newStateFile writes the first state.
func newStateFile(dir string, first systemState) (*stateFile, error) {
	f := &stateFile{file: systemFile(dir), state: first}
	return f, writeJSON(f.file, first)
}

// update changes the state and writes it.
func (f *stateFile) update(change func(*systemState)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.state)
	return writeJSON(f.file, f.state)
}

// set writes the state of a process in place of its predecessor.
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

// remove removes the file when the system has ended.
func (f *stateFile) remove() error {
	if err := os.Remove(f.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the system's state: %w", err)
	}
	return nil
}
