// Package engine runs a plan in containers with Dagger.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"taskmaster/ci/plan"
)

// workdir is the folder of the repository's files in a container.
const workdir = "/src"

// secretsDir is the in-memory folder of secret files in a container.
const secretsDir = "/run/secrets"

// Runner runs plans in containers.
type Runner struct {
	Client *dagger.Client
	// Root is the folder of the repository on this machine.
	Root string
	// Getenv returns the values of variables and the paths of secret files.
	Getenv func(string) string
	// ID is unique to each run of the pipeline. Steps that must always run include it, so that the
	// engine's cache does not skip them.
	ID string
	// Out receives a line for each finished step.
	Out io.Writer

	// out guards Out, because the steps of a stage run concurrently.
	out sync.Mutex
	// left holds the containers by the path of each output. Later steps read the outputs from them.
	left map[string]*dagger.Container
}

// Run runs a plan and writes the outputs into the repository's folder. The steps of a stage run
// concurrently. Run returns a *plan.StepError for the first step that fails and cancels the others.
func (r *Runner) Run(ctx context.Context, p plan.Plan) error {
	r.left = map[string]*dagger.Container{}
	for _, stage := range p {
		containers := make([]*dagger.Container, len(stage))
		g, ctx := errgroup.WithContext(ctx)
		for i, step := range stage {
			containers[i] = r.container(step)
			g.Go(func() error { return r.runStep(ctx, step, containers[i]) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
		for i, step := range stage {
			for _, left := range (plan.Stage{step}).Left() {
				r.left[left] = containers[i]
			}
		}
	}
	return nil
}

// runStep runs a container's command and fetches its outputs.
func (r *Runner) runStep(ctx context.Context, step plan.Step, c *dagger.Container) error {
	within, cancel := step.Within(ctx)
	defer cancel()
	c, err := c.Sync(within)
	switch {
	case err != nil && step.Optional && ctx.Err() == nil:
		return nil
	case errors.Is(within.Err(), context.Canceled):
		return &plan.StepError{Step: step.Name, Err: context.Canceled}
	case err != nil && within.Err() != nil:
		return &plan.StepError{Step: step.Name, Err: errors.Join(context.Cause(within), err)}
	case err != nil:
		return explain(step, err)
	}
	if len(step.Reports) > 0 {
		if err := r.report(ctx, step, c); err != nil {
			return err
		}
	}
	for _, left := range (plan.Stage{step}).Left() {
		if slices.Contains(step.Reports, left) {
			continue
		}
		if err := r.fetch(ctx, c, left); err != nil {
			return &plan.StepError{Step: step.Name, Err: err}
		}
	}
	r.out.Lock()
	defer r.out.Unlock()
	fmt.Fprintf(r.Out, "%s: done\n", step.Name)
	return nil
}

// report fetches the reports of a step. It returns a *plan.StepError if the command has failed.
func (r *Runner) report(ctx context.Context, step plan.Step, c *dagger.Container) error {
	status, err := c.ExitCode(ctx)
	if err != nil {
		return explain(step, err)
	}
	for _, left := range step.Reports {
		// A report of an earlier run must not be taken for one of this run.
		if err := os.Remove(r.path(left)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return &plan.StepError{Step: step.Name, Err: err}
		}
		// A command that failed early has left no report.
		if err := r.fetch(ctx, c, left); err != nil && status == 0 {
			return &plan.StepError{Step: step.Name, Err: err}
		}
	}
	if status == 0 {
		return nil
	}
	out, outErr := c.Stdout(ctx)
	errOut, errOutErr := c.Stderr(ctx)
	cause := errors.Join(fmt.Errorf("exit status %d", status), outErr, errOutErr)
	return step.Failure(out+"\n"+errOut, cause, func(file string) ([]byte, error) { return os.ReadFile(r.path(file)) })
}

// fetch writes a file or folder that a step left into the repository's folder.
func (r *Runner) fetch(ctx context.Context, c *dagger.Container, left string) (err error) {
	if strings.HasSuffix(left, "/") {
		_, err = c.Directory(left).Export(ctx, r.path(left))
	} else {
		_, err = c.File(left).Export(ctx, r.path(left))
	}
	if err != nil {
		return fmt.Errorf("fetch %s: %w", left, err)
	}
	return nil
}

// path returns the path of a step's file on this machine.
func (r *Runner) path(file string) string { return filepath.Join(r.Root, filepath.FromSlash(file)) }

// explain turns an error of the engine into a StepError.
func explain(step plan.Step, err error) error {
	if failed, ok := errors.AsType[*dagger.ExecError](err); ok {
		return &plan.StepError{Step: step.Name, Output: strings.TrimSpace(failed.Stdout + "\n" + failed.Stderr), Err: fmt.Errorf("exit status %d", failed.ExitCode)}
	}
	return &plan.StepError{Step: step.Name, Err: err}
}

// container describes a step to the engine. Nothing runs yet.
func (r *Runner) container(step plan.Step) *dagger.Container {
	dag := r.Client
	c := dag.Container().From(step.Image)
	if len(step.Packages) > 0 {
		c = c.WithExec([]string{"apt-get", "update", "-q"}).
			WithEnvVariable("DEBIAN_FRONTEND", "noninteractive").
			WithExec(append([]string{"apt-get", "install", "-qy", "--no-install-recommends"}, step.Packages...))
	}
	if len(step.Setup) > 0 {
		c = c.WithExec(step.Setup)
	}
	c = c.WithMountedCache("/go/pkg/mod", dag.CacheVolume("go-mod")).
		WithMountedCache("/root/.cache/go-build", dag.CacheVolume("go-build")).
		WithWorkdir(workdir).
		WithDirectory(workdir, dag.Host().Directory(r.Root, dagger.HostDirectoryOpts{Include: step.Sources, Exclude: step.Without}))
	for _, need := range step.Needs {
		at := path.Join(workdir, need)
		if strings.HasSuffix(need, "/") {
			c = c.WithDirectory(at, r.left[need].Directory(need))
		} else {
			c = c.WithFile(at, r.left[need].File(need))
		}
	}
	for _, folder := range folders(step) {
		c = c.WithDirectory(path.Join(workdir, folder), dag.Directory())
	}
	for _, s := range step.Services {
		c = c.WithServiceBinding(s.Name, r.service(s)).WithEnvVariable(s.Variable, s.URL)
	}
	for _, folder := range step.Caches {
		c = c.WithMountedCache(folder, dag.CacheVolume(folder))
	}
	for _, key := range slices.Sorted(maps.Keys(step.Env)) {
		c = c.WithEnvVariable(key, step.Env[key])
	}
	for _, name := range step.Variables {
		c = c.WithEnvVariable(name, r.Getenv(name))
	}
	for _, name := range step.SecretFiles {
		at := path.Join(secretsDir, name)
		c = c.WithMountedSecret(at, dag.Secret("file://"+r.Getenv(name))).WithEnvVariable(name, at)
	}
	for _, name := range step.Secrets {
		// The engine asks this process for the value. The value is in no query and in no cache key.
		c = c.WithSecretVariable(name, dag.Secret("env://"+name))
	}
	if step.Always {
		c = c.WithEnvVariable("CI_RUN", r.ID)
	}
	how := dagger.ContainerWithExecOpts{RedirectStdout: step.Stdout}
	if step.Optional || len(step.Reports) > 0 {
		// The files of a command that fails can be fetched only if its failure is expected.
		how.Expect = dagger.ReturnTypeAny
	}
	return c.WithExec(step.Args, how)
}

// folders returns the parent folders of a step's outputs without duplicates. The commands do not
// create them.
func folders(step plan.Step) []string {
	var all []string
	for _, left := range (plan.Stage{step}).Left() {
		all = append(all, path.Dir(left))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *Runner) service(s plan.Service) *dagger.Service {
	c := r.Client.Container().From(s.Image)
	for _, key := range slices.Sorted(maps.Keys(s.Env)) {
		c = c.WithEnvVariable(key, s.Env[key])
	}
	return c.WithExposedPort(s.Port).AsService(dagger.ContainerAsServiceOpts{Args: s.Args, UseEntrypoint: true})
}
