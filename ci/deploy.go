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
		// publish ran after the arguments were read.
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

// The functions below build plans to print. A real run reads their inputs only when it starts.
// Images that are not known yet are shown by their source. The numbers are those of a stack without
// releases.

func (c config) shown(images map[string]string, takeOver bool, before ...plan.Plan) plan.Plan {
	d, record := plan.Deployment{Number: 1, Revision: c.revision, Images: images}, plan.Record{Next: 1}
	return slices.Concat(slices.Concat(before...), plan.Begin(c.stack, record, d, takeOver), plan.Rollout(c.project, c.stack, record, d, "..."))
}

// unknown returns a placeholder for the image of each service. The images are known only when the
// plan runs.
func (c config) unknown(source string) map[string]string {
	images := map[string]string{}
	for _, service := range c.project.Services {
		images[service.Name] = fmt.Sprintf("(%s)", source)
	}
	return images
}

func showDeploy(c config) plan.Plan {
	if c.images == nil {
		c.images = c.unknown("built by publish")
	}
	return c.shown(c.images, c.takeOver, plan.Inspect(c.stack), plan.Preview(c.stack, plan.Deployment{Number: 1, Revision: c.revision, Images: c.images}))
}

func showPromote(c config) plan.Plan {
	images := c.unknown("current on " + c.from.Name)
	d := plan.Deployment{Number: 1, Images: images}
	return c.shown(images, c.takeOver, plan.Inspect(c.stack), plan.Inspect(c.from), plan.VerifyDeployment(c.project, c.release, d), plan.Preview(c.stack, d))
}

func showRollback(c config) plan.Plan {
	release := "previous release"
	if c.number != 0 {
		release = fmt.Sprintf("release %d", c.number)
	}
	return c.shown(c.unknown(release), true, plan.Inspect(c.stack))
}

func showPreview(c config) plan.Plan {
	images := c.unknown("current on " + c.stack.Name)
	return slices.Concat(plan.Inspect(c.stack), plan.Preview(c.stack, plan.Deployment{Images: images}))
}
