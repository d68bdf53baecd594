package main

import (
	"context"
	"io"

	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
)

func (c config) rollout(exec rollout.Executor, out io.Writer) *rollout.Rollout {
	return &rollout.Rollout{
		Project: c.project, Stack: c.stack, Release: c.release, Untested: c.untested, TakeOver: c.takeOver, Exec: exec, Out: out,
	}
}

func deploy(ctx context.Context, c config, exec rollout.Executor, out io.Writer) error {
	if c.images == nil {
		// publish ran after the arguments were read.
		c.revision = c.project.Revision
		var err error
		if c.images, err = digests(c.project.Services, exec); err != nil {
			return err
		}
	}
	return c.rollout(exec, out).Deploy(ctx, c.images, c.revision)
}

func promote(ctx context.Context, c config, exec rollout.Executor, out io.Writer) error {
	return c.rollout(exec, out).Promote(ctx, c.from, c.commit)
}

func rollback(ctx context.Context, c config, exec rollout.Executor, out io.Writer) error {
	return c.rollout(exec, out).Rollback(ctx, c.number)
}

func preview(ctx context.Context, c config, exec rollout.Executor, out io.Writer) error {
	return c.rollout(exec, out).Preview(ctx)
}

func printPreview(_ config, exec rollout.Executor, out io.Writer) error {
	text, err := exec.Read(plan.PreviewFile)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
