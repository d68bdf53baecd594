// Command firststart measures the first `make run` in a fresh clone, with nothing compiled and no
// module fetched, by stage:
//
//	go run ./tests/firststart
//	go run ./tests/firststart -keep-modules
//
// It clones the last commit into a temporary folder and gives the go command empty caches. Then it
// starts the system on free ports, waits until it is ready, stops it, and prints a table. It does
// not measure uncommitted changes. It uses PostgreSQL if that is installed or was fetched before.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"taskmaster/internal/cli"
)

func main() {
	cli.Main(func(ctx context.Context) int { return cli.Status(os.Stderr, "firststart", run(ctx, os.Args[1:])) })
}

// stage is a step of the start. Its times are in seconds.
type stage struct {
	Name string  `json:"name"`
	From float64 `json:"from_seconds"`
	Took float64 `json:"took_seconds"`
}

// state holds the fields of system.json that the command reads.
type state struct {
	PID    int     `json:"pid"`
	Ready  bool    `json:"ready"`
	Stages []stage `json:"stages"`
}

func run(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("firststart", flag.ContinueOnError)
	keepModules := flags.Bool("keep-modules", false, "use the modules that are fetched already")
	keepCompiled := flags.Bool("keep-compiled", false, "use the packages that are compiled already")
	broker := flags.String("broker", "nats", "broker of the system")
	if err := cli.Parse(flags, args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "taskmaster-first-start-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	clone := filepath.Join(dir, "clone")
	if out, err := exec.CommandContext(ctx, "git", "clone", "--quiet", "--no-hardlinks", ".", clone).CombinedOutput(); err != nil {
		return fmt.Errorf("clone the repository: %w: %s", err, out)
	}
	env := append(os.Environ(), "CGO_ENABLED=0")
	if !*keepCompiled {
		env = append(env, "GOCACHE="+filepath.Join(dir, "compiled"))
	}
	if !*keepModules {
		env = append(env, "GOMODCACHE="+filepath.Join(dir, "modules"), "GOFLAGS=-modcacherw")
	}
	fmt.Printf("%d processors, %s/%s, %s, load before %s\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), load())

	began := time.Now()
	supervisor := filepath.Join(dir, "local")
	compile := exec.CommandContext(ctx, "go", "build", "-o", supervisor, "./cmd/local")
	compile.Dir, compile.Env, compile.Stdout, compile.Stderr = clone, env, os.Stdout, os.Stderr
	if err := compile.Run(); err != nil {
		return fmt.Errorf("compile the supervisor: %w", err)
	}
	compiled := time.Since(began).Seconds()

	stages, err := start(ctx, supervisor, clone, env, *broker)
	if err != nil {
		return err
	}
	for i := range stages {
		stages[i].From += compiled
	}
	show(append([]stage{{Name: "fetch modules of the supervisor, compile it", Took: compiled}}, stages...))
	return nil
}

// start runs the system until it is ready, and returns the stages of its start.
func start(ctx context.Context, supervisor, clone string, env []string, broker string) (stages []stage, err error) {
	cmd := exec.CommandContext(ctx, supervisor, "-ports", "free", "-broker", broker)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = clone, env, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the system: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("the system ended before it was ready: %w", errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
		now, err := read(clone)
		if err != nil || !now.Ready {
			continue // the file does not exist yet
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return nil, fmt.Errorf("stop the system: %w", err)
		}
		return now.Stages, <-ended
	}
}

func read(clone string) (s state, err error) {
	raw, err := os.ReadFile(filepath.Join(clone, ".local", "system.json"))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(raw, &s)
}

// show prints the stages in the order of their beginnings, and the end of the last.
func show(stages []stage) {
	slices.SortStableFunc(stages, func(a, b stage) int { return int(1000 * (a.From - b.From)) })
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "stage\tbegan after\ttook")
	ready := 0.0
	for _, s := range stages {
		fmt.Fprintf(w, "%s\t%6.1f s\t%6.1f s\n", s.Name, s.From, s.Took)
		ready = max(ready, s.From+s.Took)
	}
	fmt.Fprintf(w, "ready\t\t%6.1f s\n", ready)
	_ = w.Flush() // there is nobody to report an error to
}

// load returns the machine's load average, if it has one. On a busy machine the times mean little.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(raw), " ")
	return first
}
