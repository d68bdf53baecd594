// Package host runs a plan on this machine, without containers.
package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"taskmaster/ci/plan"
)

// stopTimeout is how long a command may take to stop after an interrupt. Then it is killed.
const stopTimeout = 10 * time.Second

// Runner runs plans on this machine.
type Runner struct {
	// Root is the folder of the repository.
	Root string
	// Getenv returns the settings.
	Getenv func(string) string
	// Out receives the output of the commands.
	Out io.Writer
}

// Run runs the steps of a plan one after another in the repository's folder. It returns a
// *plan.StepError for the first step that fails.
func (r *Runner) Run(ctx context.Context, p plan.Plan) error {
	for _, stage := range p {
		for _, step := range stage {
			fmt.Fprintf(r.Out, "== %s\n", step.Name)
			if err := r.runStep(ctx, step); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Runner) runStep(ctx context.Context, step plan.Step) error {
	for _, left := range (plan.Stage{step}).Left() {
		if err := os.MkdirAll(filepath.Dir(r.path(left)), 0o750); err != nil {
			return &plan.StepError{Step: step.Name, Err: err}
		}
	}
	for _, report := range step.Reports {
		// A report of an earlier run must not be taken for one of this run.
		if err := os.Remove(r.path(report)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return &plan.StepError{Step: step.Name, Err: err}
		}
	}
	ctx, cancel := step.Within(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, step.Args[0], step.Args[1:]...) //nolint:gosec // the plan chooses the program
	cmd.Dir = r.Root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopTimeout
	cmd.Env = slices.DeleteFunc(os.Environ(), isSecret)
	for key, value := range step.Env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	for _, name := range step.Names() {
		cmd.Env = append(cmd.Env, name+"="+r.Getenv(name))
	}
	var errOutput, output bytes.Buffer
	cmd.Stderr = io.MultiWriter(r.Out, &errOutput)
	cmd.Stdout = cmd.Stderr
	if step.Stdout != "" {
		cmd.Stdout = &output
	}
	err := cmd.Run()
	if errors.Is(ctx.Err(), context.Canceled) {
		return &plan.StepError{Step: step.Name, Err: context.Canceled}
	}
	if err != nil && !step.Optional {
		return step.Failure(errOutput.String(), errors.Join(err, context.Cause(ctx)), func(file string) ([]byte, error) { return os.ReadFile(r.path(file)) })
	}
	if step.Stdout == "" {
		return nil
	}
	if err := os.WriteFile(r.path(step.Stdout), output.Bytes(), 0o600); err != nil {
		return &plan.StepError{Step: step.Name, Err: fmt.Errorf("write its output: %w", err)}
	}
	return nil
}

// path returns the path of a step's file.
func (r *Runner) path(file string) string { return filepath.Join(r.Root, filepath.FromSlash(file)) }

// isSecret reports whether an environment entry is a secret. A command gets a secret only if its
// step lists it.
func isSecret(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	return slices.Contains(plan.AllSettings.Secrets, name) || slices.Contains(plan.AllSettings.SecretFiles, name)
}
