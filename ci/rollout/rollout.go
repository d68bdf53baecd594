// Package rollout brings releases to stacks and back. It runs plans one after another, because what to do depends on what runs: it
// looks, decides, deploys, tries, and writes down what passed, or restores what ran before.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"taskmaster/ci/plan"
)

// Rollout is the deployment of a release.
type Rollout struct {
	// Root is the repository's folder, where plans leave what they print.
	Root    string
	Project plan.Project
	Stack   plan.Stack
	// TakeOver ends an update of the stack that another run left behind, or that still runs.
	TakeOver bool
	// Do runs a plan. It returns a *plan.StepError for a step that fails.
	Do func(context.Context, plan.Plan) error
	// Out is told what happens.
	Out io.Writer

	// urgent leaves out what only helps to fail early.
	urgent bool
}

// choice decides what is deployed, and says why, from what the stack ran.
type choice func(context.Context, plan.Record) (d plan.Deployment, why string, err error)

// Deploy deploys images that a revision was published as. The revision may be empty.
func (r *Rollout) Deploy(ctx context.Context, images map[string]string, revision string) error {
	return r.run(ctx, "deploy", func(_ context.Context, record plan.Record) (plan.Deployment, string, error) {
		return plan.Deployment{Number: record.Next, Revision: revision, Images: images}, strings.TrimSpace("deployed " + revision), nil
	})
}

// Promote deploys what another stack runs, if its smoke test passed there and the images are signed as the release says. With a
// commit it deploys nothing else: the stack may have got another since somebody approved that one.
func (r *Rollout) Promote(ctx context.Context, from plan.Stack, commit string, release plan.Release) error {
	return r.run(ctx, "promote", func(ctx context.Context, record plan.Record) (plan.Deployment, string, error) {
		source, err := r.look(ctx, from)
		if err != nil {
			return plan.Deployment{}, "", err
		}
		proven, err := source.Proven()
		if err != nil {
			return plan.Deployment{}, "", fmt.Errorf("%s has nothing to promote: %w", from.Name, err)
		}
		if commit != "" && proven.Revision != commit {
			return plan.Deployment{}, "", fmt.Errorf("%s runs commit %q now, and %s was to be promoted: approve the newer run, or promote without -commit", from.Name, proven.Revision, commit)
		}
		if err := r.Do(ctx, plan.VerifyDeployment(r.Project, release, proven)); err != nil {
			return plan.Deployment{}, "", err
		}
		why := fmt.Sprintf("promoted release %d of %s", proven.Number, from.Name)
		return plan.Deployment{Number: record.Next, Revision: proven.Revision, Images: proven.Images}, why, nil
	})
}

// Rollback goes back to the release with a number, or with 0 to the one before. It takes the stack over: what runs is not wanted.
func (r *Rollout) Rollback(ctx context.Context, number int) error {
	r.TakeOver, r.urgent = true, true
	return r.run(ctx, "rollback", func(_ context.Context, record plan.Record) (plan.Deployment, string, error) {
		target, err := record.Target(number)
		if err != nil {
			return plan.Deployment{}, "", fmt.Errorf("%s: %w", r.Stack.Name, err)
		}
		return target, "rolled back", nil
	})
}

// Preview leaves in plan.PreviewFile what an update would change for the images that the stack has.
func (r *Rollout) Preview(ctx context.Context) error {
	record, err := r.look(ctx, r.Stack)
	if err != nil {
		return err
	}
	current := record.Current()
	if current == nil {
		return fmt.Errorf("%s has no release yet: deploy one", r.Stack.Name)
	}
	return r.Do(ctx, plan.Preview(r.Stack, *current))
}

// run does a verb, and leaves its result in plan.ResultFile.
func (r *Rollout) run(ctx context.Context, verb string, choose choice) error {
	result := plan.Result{Verb: verb, Stack: r.Stack.Name, URL: r.Stack.URL, Began: time.Now().UTC()}
	err := r.try(ctx, &result, choose)
	result.Seconds = time.Since(result.Began).Seconds()
	if err != nil {
		result.Reason = err.Error()
		if failure, ok := errors.AsType[*plan.StepError](err); ok {
			result.Step, result.Output = failure.Step, last(failure.Output)
		}
		err = fmt.Errorf("%w\n%s", err, result.Summary())
	} else {
		fmt.Fprintln(r.Out, result.Summary())
	}
	return errors.Join(err, Keep(r.Root, result))
}

// try deploys what is chosen, restores what ran before if that fails, and says in the result what became of the stack.
func (r *Rollout) try(ctx context.Context, result *plan.Result, choose choice) error {
	result.Outcome = plan.Unchanged
	record, err := r.look(ctx, r.Stack)
	if err != nil {
		return err
	}
	result.Before = record.Current()
	if record.Begun > 0 && !r.TakeOver {
		return fmt.Errorf("%s: release %d is being deployed by another run, or that was cancelled: wait for it, or end it with -take-over", r.Stack.Name, record.Begun)
	}
	d, why, err := choose(ctx, record)
	if err != nil {
		return err
	}
	result.Release = d
	if !r.urgent {
		// A program or a configuration that is wrong would be so, too, when it should restore.
		if err := r.Do(ctx, plan.Preview(r.Stack, d)); err != nil {
			return err
		}
	}
	if err := r.Do(ctx, plan.Begin(r.Stack, record, d, r.TakeOver)); err != nil {
		return err
	}
	err = r.Do(ctx, plan.Rollout(r.Project, r.Stack, record, d, why))
	failure, _ := errors.AsType[*plan.StepError](err)
	switch {
	case err == nil:
		result.Outcome = plan.Deployed
	case failure != nil && plan.Locked(failure.Output):
		// Restoring would end what somebody else does.
		return errors.Join(err, r.Do(ctx, plan.Forget(r.Stack, record)))
	case ctx.Err() != nil:
		result.Outcome = plan.Cancelled
	case result.Before == nil:
		result.Outcome = plan.Broken
		return errors.Join(err, r.Do(ctx, plan.Forget(r.Stack, record)))
	default:
		result.Outcome = plan.Broken
		fmt.Fprintf(r.Out, "%v: restoring release %d\n", err, result.Before.Number)
		restoring := r.Do(ctx, plan.Restore(r.Project, r.Stack, record, *result.Before))
		if restoring != nil {
			return fmt.Errorf("%w\n%w", err, restoring)
		}
		result.Outcome = plan.Restored
	}
	return err
}
