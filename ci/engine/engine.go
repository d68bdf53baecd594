// Package engine runs a plan in containers, by Dagger.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"taskmaster/ci/plan"
)

// workdir is where the repository's files are in a container.
const workdir = "/src"

// secretsDir is where files with secrets are in a container, in memory.
const secretsDir = "/run/secrets"

// Runner runs plans.
type Runner struct {
	Client *dagger.Client
	// Root is the repository's folder on this machine.
	Root string
	// Getenv says where the files with secrets are.
	Getenv func(string) string
	// ID is different for each run of the pipeline: what has to run always is not taken from the engine's cache.
	ID string
	// Out is told which step is done.
	Out io.Writer

	// out guards Out: steps are done side by side.
	out sync.Mutex
	// left are the containers that left something, by its path: a later step takes it from there.
	left map[string]*dagger.Container
}

// Run runs a plan, the steps of a stage side by side, and writes what they leave into the repository's folder. It returns an
// *Error for the first step that fails, and ends the others.
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

// runStep runs a container's command and fetches what it leaves.
func (r *Runner) runStep(ctx context.Context, step plan.Step, c *dagger.Container) error {
	within, cancel := step.Within(ctx)
	defer cancel()
	c, err := c.Sync(within)
	switch {
	case err != nil && step.Optional && ctx.Err() == nil:
		return nil
	case err != nil && within.Err() != nil:
		return &plan.StepError{Step: step.Name, Err: errors.Join(context.Cause(within), err)}
	case err != nil:
		return explain(step, err)
	}
	for _, left := range (plan.Stage{step}).Left() {
		to := filepath.Join(r.Root, filepath.FromSlash(left))
		if strings.HasSuffix(left, "/") {
			_, err = c.Directory(left).Export(ctx, to)
		} else {
			_, err = c.File(left).Export(ctx, to)
		}
		if err != nil {
			return &plan.StepError{Step: step.Name, Err: fmt.Errorf("fetch %s: %w", left, err)}
		}
	}
	r.out.Lock()
	defer r.out.Unlock()
	fmt.Fprintf(r.Out, "%s: done\n", step.Name)
	return nil
}

// explain makes a StepError of what the engine returned.
func explain(step plan.Step, err error) error {
	if failed, ok := errors.AsType[*dagger.ExecError](err); ok {
		return &plan.StepError{Step: step.Name, Output: strings.TrimSpace(failed.Stdout + "\n" + failed.Stderr), Err: fmt.Errorf("exit status %d", failed.ExitCode)}
	}
	return &plan.StepError{Step: step.Name, Err: err}
}

// container describes a step to the engine, which runs nothing yet.
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
	for _, key := range sorted(step.Env) {
		c = c.WithEnvVariable(key, step.Env[key])
	}
	for _, name := range step.SecretFiles {
		at := path.Join(secretsDir, name)
		c = c.WithMountedSecret(at, dag.Secret("file://"+r.Getenv(name))).WithEnvVariable(name, at)
	}
	for _, name := range step.Secrets {
		// The engine asks this process for the value, which is in no query and in no cache key.
		c = c.WithSecretVariable(name, dag.Secret("env://"+name))
	}
	if step.Always {
		c = c.WithEnvVariable("CI_RUN", r.ID)
	}
	how := dagger.ContainerWithExecOpts{RedirectStdout: step.Stdout}
	if step.Optional {
		how.Expect = dagger.ReturnTypeAny
	}
	return c.WithExec(step.Args, how)
}

// folders are those that what a step leaves is in, each once: commands do not make them.
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
	for _, key := range sorted(s.Env) {
		c = c.WithEnvVariable(key, s.Env[key])
	}
	return c.WithExposedPort(s.Port).AsService(dagger.ContainerAsServiceOpts{Args: s.Args, UseEntrypoint: true})
}

func sorted(env map[string]string) []string {
	var keys []string
	for key := range env {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
