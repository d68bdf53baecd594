package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"taskmaster/cmd/local/console"
	"taskmaster/cmd/local/supervise"
	"taskmaster/internal/postgres"
	"taskmaster/internal/testkit"
)

// run starts and stops everything below the services. Tests with services are in tests/.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startRun(t, dir)
	state := first.state(t)
	if got, want := roles(state), "broker postgres scheduler"; got != want {
		t.Fatalf("runs %s, want %s", got, want)
	}
	for _, file := range []string{"system.json", "secrets.json", "dapr/secrets.json"} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %o", file, got)
		}
	}
	db, err := postgres.Open(t.Context(), state.DatabaseURL, 2)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()

	for name, err := range map[string]error{
		"a second run on the same folder": run(t.Context(), first.cfg, first.console),
		"cleaning a running system":       clean(first.cfg),
	} {
		if err == nil || !strings.Contains(err.Error(), "in use by process") {
			t.Errorf("%s: got error %v", name, err)
		}
	}

	if err := first.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
	for _, p := range state.Processes {
		if alive(p.PID) {
			t.Errorf("%s still runs", p.label())
		}
	}
	if _, err := os.Stat(systemFile(dir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("system.json is left: %v", err)
	}

	// The secrets are kept: browsers' subscriptions and the broker's files depend on them.
	before, err := loadSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	second := startRun(t, dir)
	after, err := loadSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	if before != after {
		t.Error("the secrets changed")
	}
	if err := second.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}

	if err := clean(second.cfg); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range left {
		if entry.Name() != "lock" {
			t.Errorf("%s is left after clean", entry.Name())
		}
	}
}

func TestRunEndsWhenAProcessDies(t *testing.T) {
	t.Parallel()
	r := startRun(t, t.TempDir())
	state := r.state(t)
	kill(t, state, "scheduler")
	<-r.done
	if r.err == nil || !strings.Contains(r.err.Error(), "scheduler ended (signal: killed") {
		t.Errorf("got error %v, want one that names the scheduler", r.err)
	}
	for _, p := range state.Processes {
		if alive(p.PID) {
			t.Errorf("%s still runs", p.label())
		}
	}
}

func TestRunRestarts(t *testing.T) {
	t.Parallel()
	r := startRun(t, t.TempDir(), "-restart")
	before := r.state(t)
	for _, role := range []string{"broker", "postgres", "scheduler"} {
		kill(t, before, role)
	}
	testkit.Within(t, supervise.ReadyTimeout, "all processes are replaced", func() bool {
		for i, p := range r.state(t).Processes {
			if p.PID == before.Processes[i].PID {
				return false
			}
		}
		return true
	})
	state := r.state(t)
	db, err := postgres.Open(t.Context(), state.DatabaseURL, 2)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	secrets, err := loadSecrets(r.cfg.dir)
	if err != nil {
		t.Fatal(err)
	}
	p := plan{cfg: r.cfg, secrets: secrets}
	p.layout.broker = port(t, state, "broker")
	err = supervise.Await(t.Context(), "broker", p.newBroker(nil).Ready)
	if err != nil {
		t.Error(err)
	}
	if err := r.stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// running is a run in this process, without services.
type running struct {
	cfg     config
	console *console.Console
	cancel  context.CancelFunc
	done    chan struct{}
	err     error // once done is closed
}

// startRun runs the system until it is ready.
func startRun(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	cfg := mustConfig(t, os.Getenv, append([]string{"-dir=" + dir, "-ports=free", "-services="}, args...)...)
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{cfg: cfg, console: console.New(io.Discard, 0), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = run(ctx, cfg, r.console)
	}()
	t.Cleanup(func() { _ = r.stop() })
	testkit.Within(t, supervise.ReadyTimeout, "ready", func() bool {
		select {
		case <-r.done:
			t.Fatalf("ended: %v", r.err)
		default:
		}
		b, err := os.ReadFile(systemFile(dir))
		var s systemState
		return err == nil && json.Unmarshal(b, &s) == nil && s.Ready
	})
	return r
}

func (r *running) stop() error {
	r.cancel()
	<-r.done
	return r.err
}

func (r *running) state(t *testing.T) systemState {
	t.Helper()
	b, err := os.ReadFile(systemFile(r.cfg.dir))
	if err != nil {
		t.Fatal(err)
	}
	var s systemState
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func roles(s systemState) string {
	var roles []string
	for _, want := range []string{"broker", "postgres", "scheduler", "service", "sidecar"} {
		for _, p := range s.Processes {
			if p.Role == want {
				roles = append(roles, p.Role)
			}
		}
	}
	return strings.Join(roles, " ")
}

func kill(t *testing.T, s systemState, role string) {
	t.Helper()
	for _, p := range s.Processes {
		if p.Role == role {
			process, err := os.FindProcess(p.PID)
			if err == nil {
				err = process.Kill()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func alive(pid int) bool {
	process, err := os.FindProcess(pid)
	return err == nil && process.Signal(syscall.Signal(0)) == nil
}

// port returns the port of the process with a role.
func port(t *testing.T, state systemState, role string) int {
	t.Helper()
	for _, p := range state.Processes {
		if p.Role != role {
			continue
		}
		_, port, err := net.SplitHostPort(p.Address)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	t.Fatalf("no %s runs", role)
	return 0
}
