// Command ci checks, tests, builds, publishes and deploys TaskMaster. It does the same on a laptop
// and in GitHub Actions:
//
//	dagger run go run ./ci [flags] [command]
//
// Without a command it checks, tests and builds. Dagger runs the steps in containers. `go run ./ci`
// alone fetches the engine if it is missing. With -local the steps run on this machine instead.
// -plan prints the steps without running them.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"dagger.io/dagger"

	"taskmaster/ci/engine"
	"taskmaster/ci/host"
	"taskmaster/ci/plan"
)

// lastLines is the number of lines of a failed step that are repeated at the end.
const lastLines = 30

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := execute(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// execute runs the commands and returns the exit status: 2 for invalid arguments, 1 for a failed
// step.
func execute(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(ctx, args, getenv, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		if !errors.Is(err, errUsage) {
			printLines(errOut, err.Error())
		}
		return 2
	}
	if cfg.show {
		for _, c := range cfg.commands {
			show(out, c, c.plan(cfg))
		}
		return 0
	}
	began := time.Now()
	if err := run(ctx, cfg, getenv, out, errOut); err != nil {
		if failure, ok := errors.AsType[*plan.StepError](err); ok && failure.Output != "" {
			printLines(errOut, last(failure.Output, lastLines))
		}
		printLines(errOut, "FAILED "+err.Error())
		return 1
	}
	fmt.Fprintf(out, "ci: done in %v\n", time.Since(began).Round(time.Second))
	return 0
}

// run runs the commands one after another.
func run(ctx context.Context, cfg config, getenv func(string) string, out, errOut io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	var do executor = (&host.Runner{Root: cfg.root, Getenv: getenv, Out: errOut}).Run
	if !cfg.local {
		client, err := dagger.Connect(ctx, dagger.WithWorkdir(cfg.root), dagger.WithLogOutput(errOut))
		if err != nil {
			return fmt.Errorf("connect to the Dagger engine: %w (-local runs without it)", err)
		}
		defer client.Close() //nolint:errcheck // the pipeline has ended
		do = (&engine.Runner{Client: client, Root: cfg.root, Getenv: getenv, ID: rand.Text(), Out: out}).Run
	}
	for _, c := range cfg.commands {
		if err := c.do(ctx, cfg, do, out); err != nil {
			return err
		}
	}
	return nil
}

// show prints a plan, one step per line.
func show(out io.Writer, c command, p plan.Plan) {
	for i, stage := range p {
		for _, step := range stage {
			fmt.Fprintf(out, "%s %d: %s\n    %s: %s\n", c.name, i+1, step.Name, step.Image, strings.Join(step.Args, " "))
		}
	}
}

// last returns the last n lines of text.
func last(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func printLines(w io.Writer, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(w, "ci:", line)
	}
}
