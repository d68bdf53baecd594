// Command ci checks, tests, builds, publishes and deploys TaskMaster. It does the same on a laptop
// and in GitHub Actions:
//
//	dagger run go run ./ci [flags] [command]
//
// Without a command it checks, tests and builds. Dagger runs the steps in containers. `go run ./ci`
// alone fetches the engine if it is missing. With -local the steps run on this machine instead.
// -plan prints the steps without running them.
//
// commands.go lists the commands. config.go reads their settings: flags, environment, repository
// (project.go), stacks (stack.go, target.go) and images (images.go). Package plan decides the steps
// of a command, packages engine and host run them, and package rollout deploys (deploy.go). show.go
// prints them instead.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"dagger.io/dagger"

	"taskmaster/ci/engine"
	"taskmaster/ci/host"
	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
	"taskmaster/internal/cli"
)

func main() {
	cli.Main(func(ctx context.Context) int { return execute(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr) })
}

// execute runs the commands and returns the exit status: 2 for invalid arguments, 1 for a failed
// step.
func execute(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(ctx, args, getenv, errOut)
	if err != nil {
		return cli.Status(errOut, "ci", err)
	}
	err = run(ctx, cfg, getenv, out, errOut)
	if failure, ok := errors.AsType[*plan.StepError](err); ok && failure.Output != "" {
		err = fmt.Errorf("%s\nFAILED %w", rollout.Last(failure.Output), err)
	} else if err != nil {
		err = fmt.Errorf("FAILED %w", err)
	}
	return cli.Status(errOut, "ci", err)
}

// run runs the commands one after another, or shows their steps.
func run(ctx context.Context, cfg config, getenv func(string) string, out, errOut io.Writer) error {
	if cfg.show {
		return show(ctx, cfg, out)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	do := (&host.Runner{Root: cfg.root, Getenv: getenv, Out: errOut}).Run
	if !cfg.local {
		client, err := dagger.Connect(ctx, dagger.WithWorkdir(cfg.root), dagger.WithLogOutput(errOut))
		if err != nil {
			return fmt.Errorf("connect to the Dagger engine: %w (-local runs without it)", err)
		}
		defer client.Close() //nolint:errcheck // the pipeline has ended
		do = (&engine.Runner{Client: client, Root: cfg.root, Getenv: getenv, ID: rand.Text(), Out: out}).Run
	}
	for _, c := range cfg.commands {
		if err := c.do(ctx, cfg, rollout.Workspace{Root: cfg.root, Do: do}, out); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "ci: done in %v\n", time.Since(began).Round(time.Second))
	return nil
}
