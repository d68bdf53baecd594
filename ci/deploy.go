package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
)

func (c config) rollout(do executor, out io.Writer) *rollout.Rollout {
	return &rollout.Rollout{Root: c.root, Project: c.project, Stack: c.stack, TakeOver: c.takeOver, Do: do, Out: out}
}

func deploy(ctx context.Context, c config, do executor, out io.Writer) error {
	if c.images == nil {
		// Published since the arguments were read.
		c.revision = c.project.Revision
		var err error
		if c.images, err = digests(c); err != nil {
			return err
		}
		if err := checkImages(c.project.Services, c.images); err != nil {
			return err
		}
	}
	return c.rollout(do, out).Deploy(ctx, c.images, c.revision)
}

func promote(ctx context.Context, c config, do executor, out io.Writer) error {
	return c.rollout(do, out).Promote(ctx, c.from, c.commit, c.release)
}

func rollback(ctx context.Context, c config, do executor, out io.Writer) error {
	return c.rollout(do, out).Rollback(ctx, c.number)
}

func preview(ctx context.Context, c config, do executor, out io.Writer) error {
	return c.rollout(do, out).Preview(ctx)
}

func printPreview(c config, out io.Writer) error {
	text, err := os.ReadFile(filepath.Join(c.root, filepath.FromSlash(plan.PreviewFile)))
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// The plans below are shown. What they depend on is read when they run: images that are not known yet are named by where they come
// from, and the numbers are those of a stack that had no release.

func (c config) shown(images map[string]string, takeOver bool, before ...plan.Plan) plan.Plan {
	d, record := plan.Deployment{Number: 1, Revision: c.revision, Images: images}, plan.Record{Next: 1}
	return slices.Concat(slices.Concat(before...), plan.Begin(c.stack, record, d, takeOver), plan.Rollout(c.project, c.stack, record, d, "..."))
}

// unknown are images that are known when the plan runs.
func (c config) unknown(what string) map[string]string {
	images := map[string]string{}
	for _, service := range c.project.Services {
		images[service.Name] = fmt.Sprintf("(%s)", what)
	}
	return images
}

func showDeploy(c config) plan.Plan {
	if c.images == nil {
		c.images = c.unknown("what publish makes")
	}
	return c.shown(c.images, c.takeOver, plan.Look(c.stack), plan.Preview(c.stack, plan.Deployment{Number: 1, Revision: c.revision, Images: c.images}))
}

func showPromote(c config) plan.Plan {
	images := c.unknown("what " + c.from.Name + " runs")
	d := plan.Deployment{Number: 1, Images: images}
	return c.shown(images, c.takeOver, plan.Look(c.stack), plan.Look(c.from), plan.VerifyDeployment(c.project, c.release, d), plan.Preview(c.stack, d))
}

func showRollback(c config) plan.Plan {
	what := "the release before"
	if c.number != 0 {
		what = fmt.Sprintf("release %d", c.number)
	}
	return c.shown(c.unknown(what), true, plan.Look(c.stack))
}

func showPreview(c config) plan.Plan {
	images := c.unknown("what " + c.stack.Name + " runs")
	return slices.Concat(plan.Look(c.stack), plan.Preview(c.stack, plan.Deployment{Images: images}))
}
