// Command ci checks, tests, builds, publishes and deploys TaskMaster, the same on a laptop and in GitHub Actions:
//
//	dagger run go run ./ci [flags] [verb]
//
// Without a verb it checks, tests and builds. Commands run in containers, by Dagger; `go run ./ci` alone fetches the engine if
// there is none. With -local they run on this machine instead. -plan shows them and runs nothing.
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

// lastLines is how many lines of a failed command are repeated at the end.
const lastLines = 30

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// command runs verbs and returns the exit status: 2 when the arguments are wrong, 1 when a step failed.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(ctx, args, getenv, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		if !errors.Is(err, errUsage) {
			say(errOut, err.Error())
		}
		return 2
	}
	if cfg.show {
		for _, v := range cfg.verbs {
			show(out, v, v.plan(cfg))
		}
		return 0
	}
	began := time.Now()
	if err := run(ctx, cfg, getenv, out, errOut); err != nil {
		if failure, ok := errors.AsType[*plan.StepError](err); ok && failure.Output != "" {
			say(errOut, last(failure.Output, lastLines))
		}
		say(errOut, "FAILED "+err.Error())
		return 1
	}
	fmt.Fprintf(out, "ci: done in %v\n", time.Since(began).Round(time.Second))
	return 0
}

// run runs the verbs, and prints what was made.
func run(ctx context.Context, cfg config, getenv func(string) string, out, errOut io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	var do executor = (&host.Runner{Root: cfg.root, Getenv: getenv, Out: errOut}).Run
	if !cfg.local {
		client, err := dagger.Connect(ctx, dagger.WithWorkdir(cfg.root), dagger.WithLogOutput(errOut))
		if err != nil {
			return fmt.Errorf("reach Dagger's engine: %w (-local needs none)", err)
		}
		defer client.Close() //nolint:errcheck // the pipeline has ended
		do = (&engine.Runner{Client: client, Root: cfg.root, Getenv: getenv, ID: rand.Text(), Out: out}).Run
	}
	for _, v := range cfg.verbs {
		if err := v.do(ctx, cfg, do, out); err != nil {
			return err
		}
	}
	return nil
}

// show prints a plan, a command a line.
func show(out io.Writer, v verb, p plan.Plan) {
	for i, stage := range p {
		for _, step := range stage {
			fmt.Fprintf(out, "%s %d: %s\n    %s: %s\n", v.name, i+1, step.Name, step.Image, strings.Join(step.Args, " "))
		}
	}
}

// last returns the last n lines of a text.
func last(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

func say(w io.Writer, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintln(w, "ci:", line)
	}
}
