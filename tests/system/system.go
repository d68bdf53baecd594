// Package system runs the whole of TaskMaster for tests, from outside: the program of cmd/local on free ports with a
// folder of its own, people who use it over HTTP and WebSocket, an app that watches its events, and receivers of its
// notifications. It knows the contracts alone and imports none of the services.
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
	// startTimeout bounds the time from starting to ready, on a machine that is busy with other things too.
	startTimeout = 3 * time.Minute
	// stopTimeout is how long everything may take to end after it was asked to.
	stopTimeout = 60 * time.Second
)

// Config says how to run the system.
type Config struct {
	// Dir is what the system keeps; it is made when missing.
	Dir string
	// Broker is the broker's name; left out it is what the variable BROKER says, and without that the supervisor's default.
	Broker string
	// Replicas, Restart and Services are the supervisor's flags of these names; left out, they are its defaults.
	Replicas string
	Restart  bool
	Services string
	// Broken says that the system is going to be ready without sidecars that work. Else Start waits for them.
	Broken bool
	// Args are further flags. Without -ports all ports are free ones.
	Args []string
	// Env overrides this process's environment.
	Env map[string]string
}

// System is a system that has been started.
type System struct {
	// Dir is what it keeps.
	Dir string
	// URL is the web edge, as the supervisor tells it; "" when that does not run.
	URL string
	// ReadyAfter is how long it took from start to ready.
	ReadyAfter time.Duration

	cmd  *exec.Cmd
	log  *log
	done chan struct{} // closed when the supervisor has ended
	err  error         // how it ended; to be read after done
}

// Start starts the system and returns when it says that it is ready, and its sidecars are. The error of one that does not
// become ready has the end of its log. It ends with this process at the latest.
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

// Launch starts the system and does not wait for anything.
func Launch(ctx context.Context, cfg Config) (*System, error) {
	if err := dependOnSource(); err != nil {
		return nil, err
	}
	program, err := Supervisor(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the system's folder: %w", err)
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
	s.cmd = exec.Command(program, args...) // ends by Stop, not with ctx: that would leave no time to stop in order
	s.cmd.Dir, s.cmd.Env = root, environment(cfg.Env)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.WaitDelay = 5 * time.Second
	if err := startChild(s.cmd, func(err error) { s.err = err; close(s.done) }); err != nil {
		return nil, fmt.Errorf("start the system: %w", err)
	}
	return s, nil
}

// environment is this process's without what would make the system share things with others.
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
	// On a busy machine sidecars, or the broker, may take so long that the system is ready before, while events wait for them.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err = Poll(ctx, func() error {
		select {
		case <-s.done:
			cancel() // there is nothing to wait for
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

// sidecarsHealthy returns an error unless every service has a sidecar that is healthy.
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

// Stop asks the system to end, as Ctrl-C does, and waits. It returns an error when it does not end in time or ends with
// another status than 0.
func (s *System) Stop() error {
	_ = s.cmd.Process.Signal(os.Interrupt) // it may have ended already
	return s.Wait(stopTimeout)
}

// Wait waits until the supervisor has ended and returns how. One that does not is killed.
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

// Done is closed when the supervisor has ended.
func (s *System) Done() <-chan struct{} { return s.done }

// Kill ends the supervisor at once (kill -9).
func (s *System) Kill() { _ = s.cmd.Process.Kill() }

// PID returns the supervisor's process id.
func (s *System) PID() int { return s.cmd.Process.Pid }

// Tail returns the last n lines of the log.
func (s *System) Tail(n int) string { return s.log.tail(n) }

// KeepLog writes the whole log to a file, or to a new temporary one when path is empty, and prints the file's name.
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
			return "", errors.New("this is not inside TaskMaster's source folder")
		}
		dir = filepath.Dir(dir)
	}
}
