package rollout

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"taskmaster/ci/plan"
)

// Executor is everything that a command of the pipeline does outside this process. A Workspace does
// it, and a Recorder only records it.
type Executor interface {
	// Run runs a plan. It returns a *plan.StepError for a failed step.
	Run(ctx context.Context, p plan.Plan) error
	// Read returns a file that a step has left. Write creates a file. Remove deletes a file, which may
	// be missing. Paths are relative to the repository.
	Read(file string) ([]byte, error)
	Write(file string, content []byte) error
	Remove(file string) error
}

// Workspace is the Executor of a real run. The files are in the folder of the repository.
type Workspace struct {
	Root string
	// Do runs a plan, in containers or on this machine.
	Do func(context.Context, plan.Plan) error
}

// Run runs a plan with Do.
func (w Workspace) Run(ctx context.Context, p plan.Plan) error { return w.Do(ctx, p) }

// Read returns a file of the repository's folder.
func (w Workspace) Read(file string) ([]byte, error) { return os.ReadFile(w.path(file)) }

// Write creates a file in the repository's folder, with its parent folders.
func (w Workspace) Write(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(w.path(file)), 0o750); err != nil {
		return err
	}
	return os.WriteFile(w.path(file), content, 0o600)
}

// Remove deletes a file of the repository's folder.
func (w Workspace) Remove(file string) error {
	if err := os.Remove(w.path(file)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (w Workspace) path(file string) string { return filepath.Join(w.Root, filepath.FromSlash(file)) }
