package system

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// State is the content of system.json, in which the supervisor describes the running system.
type State struct {
	URL         string    `json:"url"`
	DatabaseURL string    `json:"database_url"`
	Broker      string    `json:"broker"`
	Components  string    `json:"components"`
	PID         int       `json:"pid"`
	Ready       bool      `json:"ready"`
	Processes   []Process `json:"processes"`
}

// The roles of processes. Roles other than service and sidecar have one process with the name of
// the role.
const (
	RoleService   = "service"
	RoleSidecar   = "sidecar"
	RolePostgres  = "postgres"
	RoleBroker    = "broker"
	RoleScheduler = "scheduler"
)

// Process is one running process. A sidecar has its service's name and replica. Addresses are
// host:port.
type Process struct {
	Name     string `json:"name"`
	Role     string `json:"role"`
	Replica  int    `json:"replica"`
	PID      int    `json:"pid"`
	Address  string `json:"address"`
	DaprHTTP string `json:"dapr_http"`
	DaprGRPC string `json:"dapr_grpc"`
}

// State returns the current state.
func (s *System) State() (State, error) {
	var state State
	raw, err := os.ReadFile(filepath.Join(s.Dir, "system.json"))
	if err == nil {
		err = json.Unmarshal(raw, &state)
	}
	if err != nil {
		return State{}, fmt.Errorf("read the system's state: %w", err)
	}
	return state, nil
}

// Process returns the process with a role, name and replica.
func (s *System) Process(role, name string, replica int) (Process, error) {
	state, err := s.State()
	if err != nil {
		return Process{}, err
	}
	for _, p := range state.Processes {
		if p.Role == role && p.Name == name && p.Replica == replica {
			return p, nil
		}
	}
	return Process{}, fmt.Errorf("no %s %s %d runs, only %+v", role, name, replica, state.Processes)
}
