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
	"path/filepath"
	"slices"
	"strings"
	"time"

	"taskmaster/ci/engine"
	"taskmaster/ci/host"
	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
	"taskmaster/internal/cli"
	"taskmaster/internal/lock"
)

func main() {
	cli.Main(func(ctx context.Context) int { return execute(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr) })
}

// execute runs the commands and returns the exit status: 2 for invalid arguments, 1 for a failed
// step.
func execute(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(ctx, args, getenv, errOut)
	if err == nil {
		err = describe(ctx, run(ctx, cfg, absoluteFiles(getenv), out, errOut))
	} else if ctx.Err() != nil {
		err = errCancelled
	}
	return cli.Status(errOut, "ci", err)
}

// errCancelled reports an interrupt outside of any step.
var errCancelled = errors.New("cancelled")

// describe adds the last lines of a failed step to its error. An interrupt is not a failure.
func describe(ctx context.Context, err error) error {
	failure, ok := errors.AsType[*plan.StepError](err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && ok:
		return err
	case ctx.Err() != nil:
		return errCancelled
	case ok && failure.Output != "":
		return fmt.Errorf("%s\nFAILED %w", plan.Last(failure.Output), err)
	default:
		return fmt.Errorf("FAILED %w", err)
	}
}

// absoluteFiles makes the paths of secret files absolute, because the steps run in other folders.
func absoluteFiles(getenv func(string) string) func(string) string {
	return func(name string) string {
		value := getenv(name)
		// KUBECONFIG may be a list.
		if value == "" || !slices.Contains(plan.AllSettings.SecretFiles, name) || strings.ContainsRune(value, filepath.ListSeparator) {
			return value
		}
		path, err := filepath.Abs(value)
		if err != nil {
			return value // the step reports that it cannot read the file
		}
		return path
	}
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
		client, err := engine.Connect(ctx, errOut)
		if err != nil {
			return err
		}
		defer client.Close() //nolint:errcheck // the pipeline has ended
		do = (&engine.Runner{Client: client, Root: cfg.root, Getenv: getenv, ID: rand.Text(), Out: out}).Run
	}
	// notify only reads the result of an earlier run.
	if slices.ContainsFunc(cfg.commands, func(c command) bool { return c.name != "notify" }) {
		unlock, err := lock.Try(filepath.Join(cfg.root, filepath.FromSlash(plan.Dist)))
		if err != nil {
			return err
		}
		defer unlock()
	}
	for _, c := range cfg.commands {
		if err := c.do(ctx, cfg, rollout.Workspace{Root: cfg.root, Do: do}, out); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "ci: done in %v\n", time.Since(began).Round(time.Second))
	return nil
}
