// Package system runs the whole of TaskMaster for tests, from outside. It starts the program of
// cmd/local on free ports with a folder of its own. It provides people who use the system over HTTP
// and WebSocket, an app that subscribes to its events, and receivers of its notifications. It uses
// only the public contracts and imports no service.
package system

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	// startTimeout limits the time from start to ready. A busy machine needs minutes.
	startTimeout = 3 * time.Minute
	// stopTimeout is how long the system may take to end after a request to stop.
	stopTimeout = 60 * time.Second
)

// Config describes how to run the system.
type Config struct {
	// Dir is the folder of the data. It is created if missing.
	Dir string
	// Broker is the broker's name. The default is the variable BROKER, then the supervisor's
	// default.
	Broker string
	// Replicas, Restart and Services are the supervisor's flags of these names, with its defaults.
	Replicas string
	Restart  bool
	Services string
	// Broken means that sidecars cannot work in this system. Otherwise Start waits for them.
	Broken bool
	// Args are more flags. Without -ports all ports are free ports.
	Args []string
	// Env overrides variables of this process's environment.
	Env map[string]string
}

// System is a running system.
type System struct {
	// Dir is the folder of the data.
	Dir string
	// URL is the address of the web edge. It is empty if web does not run.
	URL string
	// ReadyAfter is the time from start to ready.
	ReadyAfter time.Duration

	cmd  *exec.Cmd
	log  *log
	done chan struct{} // closed when the supervisor has ended
	err  error         // the exit error; read it after done
}

// Start starts the system. It returns when the system reports that it is ready and all sidecars are
// healthy. If the system does not become ready, the error contains the end of its log. The system
// ends with this process at the latest.
func Start(ctx context.Context, cfg Config) (*System, error) {
	began := time.Now()
	s, err := Launch(ctx, cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.ready(ctx, cfg.Broken); err != nil {
		return nil, fmt.Errorf("%w\n%s", errors.Join(err, s.Stop()), s.Tail(60))
	}
	s.ReadyAfter = time.Since(began)
	return s, nil
}

// Launch starts the system without waiting for it.
func Launch(ctx context.Context, cfg Config) (*System, error) {
	if err := dependOnSource(); err != nil {
		return nil, err
	}
	program, err := Supervisor(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the system's folder: %w", err)
	}
	args := append([]string{"-dir", cfg.Dir}, cfg.Args...)
	if !strings.Contains(strings.Join(cfg.Args, " "), "-ports") {
		args = append(args, "-ports", "free")
	}
	if broker := cmp.Or(cfg.Broker, os.Getenv("BROKER")); broker != "" {
		args = append(args, "-broker", broker)
	}
	if cfg.Replicas != "" {
		args = append(args, "-replicas", cfg.Replicas)
	}
	if cfg.Services != "" {
		args = append(args, "-services", cfg.Services)
	}
	if cfg.Restart {
		args = append(args, "-restart")
	}
	root, err := Root()
	if err != nil {
		return nil, err
	}
	s := &System{Dir: cfg.Dir, log: newLog(), done: make(chan struct{})}
	s.cmd = exec.Command(program, args...) // Stop ends it, not ctx, which would leave no time to stop in order
	s.cmd.Dir, s.cmd.Env = root, environment(cfg.Env)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.WaitDelay = 5 * time.Second
	if err := startChild(s.cmd, func(err error) { s.err = err; close(s.done) }); err != nil {
		return nil, fmt.Errorf("start the system: %w", err)
	}
	return s, nil
}

// environment returns this process's environment without variables that would make systems share
// data.
func environment(override map[string]string) []string {
	var env []string
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if _, ok := override[name]; !ok && name != "DATABASE_URL" && name != "PUBLIC_URL" {
			env = append(env, pair)
		}
	}
	for name, value := range override {
		env = append(env, name+"="+value)
	}
	return env
}

var readyLine = regexp.MustCompile(`TaskMaster is ready(?: at (http://\S+))?`)

func (s *System) ready(ctx context.Context, broken bool) error {
	line, err := s.log.wait(ctx, s.done, readyLine)
	if err != nil {
		return fmt.Errorf("the system did not become ready: %w", err)
	}
	s.URL = strings.TrimSuffix(line[1], "/")
	if broken {
		return nil
	}
	// On a busy machine, sidecars or the broker may become ready after the system. Events wait for
	// them.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err = Poll(ctx, func() error {
		select {
		case <-s.done:
			cancel() // no need to wait any longer
			return errors.New("the system ended")
		default:
			return s.sidecarsHealthy(ctx)
		}
	})
	if err != nil {
		return fmt.Errorf("the system has a sidecar that is not ready: %w", err)
	}
	return nil
}

// sidecarsHealthy returns an error unless every service has a healthy sidecar.
func (s *System) sidecarsHealthy(ctx context.Context) error {
	state, err := s.State()
	if err != nil {
		return err
	}
	for _, service := range state.Processes {
		if service.Role != RoleService {
			continue
		}
		sidecar, err := s.Process(RoleSidecar, service.Name, service.Replica)
		if err == nil {
			err = sidecar.healthy(ctx)
		}
		if err != nil {
			return fmt.Errorf("sidecar of %s %d: %w", service.Name, service.Replica, err)
		}
	}
	return nil
}

// Stop asks the system to end, as Ctrl-C does, and waits. It returns an error if the system does
// not end in time or has an exit status other than 0.
func (s *System) Stop() error {
	_ = s.cmd.Process.Signal(os.Interrupt) // the system may have ended already
	return s.Wait(stopTimeout)
}

// Wait waits until the supervisor has ended and returns its exit error. It kills a supervisor that
// does not end in time.
func (s *System) Wait(timeout time.Duration) error {
	select {
	case <-s.done:
	case <-time.After(timeout):
		s.Kill()
		<-s.done
		return fmt.Errorf("the system did not end within %s\n%s", timeout, s.Tail(40))
	}
	if s.err != nil {
		return fmt.Errorf("the system ended: %w", s.err)
	}
	return nil
}

// Done returns a channel that is closed when the supervisor has ended.
func (s *System) Done() <-chan struct{} { return s.done }

// Kill kills the supervisor (kill -9).
func (s *System) Kill() { _ = s.cmd.Process.Kill() }

// PID returns the supervisor's process id.
func (s *System) PID() int { return s.cmd.Process.Pid }

// Tail returns the last n lines of the log.
func (s *System) Tail(n int) string { return s.log.tail(n) }

// KeepLog writes the whole log to a file, or to a new temporary file if path is empty. It prints
// the file's name.
func (s *System) KeepLog(path string) error {
	var file *os.File
	var err error
	if path != "" {
		file, err = os.Create(path)
	} else {
		file, err = os.CreateTemp("", "taskmaster-*.log")
	}
	if err != nil {
		return fmt.Errorf("keep the system's log: %w", err)
	}
	defer file.Close()
	if _, err := file.WriteString(s.Tail(math.MaxInt32) + "\n"); err != nil {
		return fmt.Errorf("keep the system's log: %w", err)
	}
	fmt.Fprintln(os.Stderr, "the system's log is in", file.Name())
	return nil
}

// Root returns the repository's folder.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module taskmaster\n")) {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("the working directory is outside TaskMaster's source folder")
		}
		dir = filepath.Dir(dir)
	}
}
