package scenarios

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"taskmaster/tests/system"
)

// lightly is a system of few processes, because supervision is the same for all.
const lightly = "api,recurring"

// After any end of the system, none of its processes is left.
func TestNothingIsLeftRunning(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		every  bool // runs on every broker; the others do not concern the broker's processes
		broken bool // no sidecar can start
		end    func(t *testing.T, s *system.System)
		says   string // a line at the end of the log
		status string
	}{
		"Ctrl-C": {
			every: true,
			end:   func(t *testing.T, s *system.System) { signal(t, s.PID(), syscall.SIGINT) },
		},
		"SIGTERM": {
			end: func(t *testing.T, s *system.System) { signal(t, s.PID(), syscall.SIGTERM) },
		},
		"Ctrl-C while no sidecar can start": {
			broken: true,
			end:    func(t *testing.T, s *system.System) { signal(t, s.PID(), syscall.SIGINT) },
		},
		"dead service while no sidecar can start": {
			broken: true,
			end:    func(t *testing.T, s *system.System) { crash(t, s, system.RoleService, "recurring") },
			says:   "local: recurring ended", status: "exit status 1",
		},
		"dead service": {
			end:  func(t *testing.T, s *system.System) { crash(t, s, system.RoleService, "recurring") },
			says: "local: recurring ended", status: "exit status 1",
		},
		"dead sidecar": {
			end:  func(t *testing.T, s *system.System) { crash(t, s, system.RoleSidecar, "api") },
			says: "local: api/dapr ended", status: "exit status 1",
		},
		"dead database": {
			end:  func(t *testing.T, s *system.System) { crash(t, s, system.RolePostgres, system.RolePostgres) },
			says: "local: postgres ended", status: "exit status 1",
		},
		"killed supervisor": {
			every:  true,
			end:    func(t *testing.T, s *system.System) { signal(t, s.PID(), syscall.SIGKILL) },
			status: "signal: killed",
		},
	} {
		if !test.every && broker() != "nats" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			cfg := system.Config{Dir: filepath.Join(t.TempDir(), "system"), Services: lightly, Env: environment(nil)}
			processes := 8
			if test.broken {
				cfg.Args, cfg.Broken, processes = []string{"-components", t.TempDir()}, true, 6
			}
			s, err := system.Start(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			all := tree(t, s.PID())
			if len(all) < processes {
				t.Fatalf("the system consists of %+v only", all)
			}
			test.end(t, s)
			checkEnd(t, s, test.status, test.says)
			nothingLeft(t, all)
		})
	}
}

// checkEnd waits for a system's end. It checks the exit status, where "" means success, and that
// the last line names the cause.
func checkEnd(t *testing.T, s *system.System, status string, says ...string) {
	t.Helper()
	err := s.Wait(arrival)
	switch {
	case err == nil && status != "":
		t.Errorf("ended with success, want %q", status)
	case err != nil && (status == "" || !strings.HasSuffix(err.Error(), status)):
		t.Errorf("ended with %q, want %q", err, status)
	}
	last := s.Tail(1)
	for _, want := range says {
		if want != "" && !strings.Contains(last, want) {
			t.Errorf("the last line is %q, want %q in it", last, want)
		}
	}
}

func crash(t *testing.T, s *system.System, role, name string) {
	t.Helper()
	if _, err := s.Crash(role, name, 1); err != nil {
		t.Fatal(err)
	}
}

func signal(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}
