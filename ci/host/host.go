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

// patience is how long a command that is asked to stop may take.
const patience = 10 * time.Second

// Runner runs plans.
type Runner struct {
	// Root is the repository's folder.
	Root string
	// Getenv reads the secrets.
	Getenv func(string) string
	// Out is shown what the commands print.
	Out io.Writer
}

// Run runs a plan's steps one after another, in the repository's folder. It returns a *plan.StepError for the first that fails.
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
		if err := os.MkdirAll(filepath.Dir(filepath.Join(r.Root, filepath.FromSlash(left))), 0o750); err != nil {
			return &plan.StepError{Step: step.Name, Err: err}
		}
	}
	ctx, cancel := step.Within(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, step.Args[0], step.Args[1:]...) //nolint:gosec // the plan says which
	cmd.Dir = r.Root
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = patience
	cmd.Env = slices.DeleteFunc(os.Environ(), isSecret)
	for key, value := range step.Env {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	for _, name := range slices.Concat(step.Secrets, step.SecretFiles) {
		cmd.Env = append(cmd.Env, name+"="+r.Getenv(name))
	}
	var said, printed bytes.Buffer
	cmd.Stderr = io.MultiWriter(r.Out, &said)
	cmd.Stdout = cmd.Stderr
	if step.Stdout != "" {
		cmd.Stdout = &printed
	}
	if err := cmd.Run(); err != nil && !step.Optional {
		return &plan.StepError{Step: step.Name, Output: strings.TrimSpace(said.String()), Err: errors.Join(err, context.Cause(ctx))}
	}
	if step.Stdout == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(r.Root, filepath.FromSlash(step.Stdout)), printed.Bytes(), 0o600); err != nil {
		return &plan.StepError{Step: step.Name, Err: fmt.Errorf("keep what it printed: %w", err)}
	}
	return nil
}

// isSecret says whether an entry of the environment is a secret, which a command gets only if its step says so.
func isSecret(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	return slices.Contains(plan.Secrets, name) || slices.Contains(plan.SecretFiles, name)
}
