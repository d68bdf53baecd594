// Package rollout deploys releases to stacks and rolls them back. Each plan depends on the state of
// the stack. Therefore it runs one plan after another: inspect, choose, deploy, test, and record
// the release or restore the previous one.
//
// An Executor runs the plans. The same code with a Recorder gives the steps that `ci -plan` and the
// golden files show.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"taskmaster/ci/plan"
)

// Rollout deploys releases to one stack.
type Rollout struct {
	Project plan.Project
	Stack   plan.Stack
	// Release selects the signer that the images must have.
	Release plan.Release
	// Untested is the reason to deploy images without proof that their tests passed. It is empty to
	// require the proof.
	Untested string
	// TakeOver ends an update of the stack that another run left behind, or that still runs.
	TakeOver bool
	// Exec runs the plans.
	Exec Executor
	// Out receives progress messages.
	Out io.Writer

	// urgent skips the preview, which only helps to fail early.
	urgent bool
}

// choice returns the release to deploy and the reason, given the record of the stack.
type choice func(context.Context, plan.Record) (d plan.Deployment, why string, err error)

// Deploy deploys the images of a revision, which must be signed and tested. The revision may be empty.
func (r *Rollout) Deploy(ctx context.Context, images map[string]string, revision string) error {
	return r.run(ctx, "deploy", func(ctx context.Context, record plan.Record) (plan.Deployment, string, error) {
		d := plan.Deployment{Number: record.Next, Revision: revision, Untested: r.Untested, Images: images}
		return d, strings.TrimSpace("deployed " + revision), r.verify(ctx, d)
	})
}

// verify checks the signatures of a deployment, and the proof that its tests passed.
func (r *Rollout) verify(ctx context.Context, d plan.Deployment) error {
	return r.Exec.Run(ctx, plan.VerifyDeployment(r.Project, r.Release, d))
}

// Promote deploys the release of another stack. The release must have passed its smoke test there,
// and its images must be signed and tested. If commit is set, the release must be of that commit. The
// other stack may have got a new release after the approval.
func (r *Rollout) Promote(ctx context.Context, from plan.Stack, commit string) error {
	return r.run(ctx, "promote", func(ctx context.Context, record plan.Record) (plan.Deployment, string, error) {
		source, err := r.inspect(ctx, from)
		if err != nil {
			return plan.Deployment{}, "", err
		}
		current, err := source.Promotable()
		if err != nil {
			return plan.Deployment{}, "", fmt.Errorf("%s has nothing to promote: %w", from.Name, err)
		}
		if commit != "" && current.Revision != commit {
			return plan.Deployment{}, "", fmt.Errorf("%s runs commit %q now, and %s was to be promoted: approve the newer run, or promote without -commit", from.Name, current.Revision, commit)
		}
		d := plan.Deployment{Number: record.Next, Revision: current.Revision, Untested: r.Untested, Images: current.Images}
		return d, fmt.Sprintf("promoted release %d of %s", current.Number, from.Name), r.verify(ctx, d)
	})
}

// Rollback deploys the release with the number, or the previous one if number is 0. It takes the
// stack over, because the running release is not wanted.
func (r *Rollout) Rollback(ctx context.Context, number int) error {
	r.TakeOver, r.urgent = true, true
	return r.run(ctx, "rollback", func(_ context.Context, record plan.Record) (plan.Deployment, string, error) {
		target, err := record.RollbackTarget(number)
		if err != nil {
			return plan.Deployment{}, "", fmt.Errorf("%s: %w", r.Stack.Name, err)
		}
		return target, "rolled back", nil
	})
}

// Preview writes the changes that an update with the current images would make to plan.PreviewFile.
func (r *Rollout) Preview(ctx context.Context) error {
	record, err := r.inspect(ctx, r.Stack)
	if err != nil {
		return err
	}
	current := record.Current()
	if current == nil {
		return fmt.Errorf("%s has no release yet: deploy one", r.Stack.Name)
	}
	return r.Exec.Run(ctx, plan.Preview(r.Stack, *current))
}

// run runs a command and writes its result to plan.ResultFile.
func (r *Rollout) run(ctx context.Context, command string, choose choice) error {
	result := plan.Result{Command: command, Stack: r.Stack.Name, URL: r.Stack.URL}
	err := Report(r.Exec, &result, func() error { return r.runOnce(ctx, &result, choose) })
	if err != nil {
		return fmt.Errorf("%w\n%s", err, result.Summary())
	}
	fmt.Fprintln(r.Out, result.Summary())
	return nil
}

// runOnce deploys the chosen release and restores the previous one if that fails. It sets the
// outcome in result.
func (r *Rollout) runOnce(ctx context.Context, result *plan.Result, choose choice) error {
	result.Outcome = plan.Unchanged
	record, err := r.inspect(ctx, r.Stack)
	if err != nil {
		return err
	}
	result.Before = record.Current()
	if record.Started > 0 && !r.TakeOver {
		return fmt.Errorf("%s: another run deploys release %d, or was cancelled: wait for it, or end it with -take-over", r.Stack.Name, record.Started)
	}
	d, why, err := choose(ctx, record)
	if err != nil {
		return err
	}
	result.Release = d
	if !r.urgent {
		// A wrong program or configuration would also break the restoration. The preview finds it
		// before anything changes.
		if err := r.Exec.Run(ctx, plan.Preview(r.Stack, d)); err != nil {
			return err
		}
	}
	if err := r.Exec.Run(ctx, plan.Begin(r.Stack, record, d, r.TakeOver)); err != nil {
		return err
	}
	err = r.Exec.Run(ctx, plan.Rollout(r.Project, r.Stack, record, d, why))
	failure, _ := errors.AsType[*plan.StepError](err)
	switch {
	case err == nil:
		result.Outcome = plan.Deployed
	case failure != nil && plan.Locked(failure.Output):
		// Restoring would end the other run's update.
		return errors.Join(err, r.Exec.Run(ctx, plan.Forget(r.Stack, record)))
	case ctx.Err() != nil:
		result.Outcome = plan.Cancelled
	case result.Before == nil:
		result.Outcome = plan.Broken
		return errors.Join(err, r.Exec.Run(ctx, plan.Forget(r.Stack, record)))
	default:
		result.Outcome = plan.Broken
		fmt.Fprintf(r.Out, "%v: restoring release %d\n", err, result.Before.Number)
		restoreErr := r.Exec.Run(ctx, plan.Restore(r.Project, r.Stack, record, *result.Before))
		if restoreErr != nil {
			return fmt.Errorf("%w\n%w", err, restoreErr)
		}
		result.Outcome = plan.Restored
	}
	return err
}
