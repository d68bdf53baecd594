package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
)

// show prints the steps of the commands. The commands run, but with an executor that only records.
func show(ctx context.Context, cfg config, out io.Writer) error {
	recorder := &rollout.Recorder{Answers: cfg.assumed()}
	for _, c := range cfg.commands {
		before := len(recorder.Plans)
		if err := c.do(ctx, cfg, recorder, io.Discard); err != nil {
			return err
		}
		slices.Concat(recorder.Plans[before:]...).Print(out, c.name)
	}
	return nil
}

// assumed returns the files that steps leave in a run that is only shown. Every stack has passed two
// releases: the one to roll back to and the current one. An image is named after its source, because
// its digest is known only in a real run.
func (c config) assumed() map[string]string {
	images := func(source string) map[string]string {
		all := map[string]string{}
		for _, service := range c.project.Services {
			all[service.Name] = "(" + source + ")"
		}
		return all
	}
	earlier := plan.Deployment{Number: 1, Images: images("previous release")}
	if c.number != 0 {
		earlier = plan.Deployment{Number: c.number, Images: images(fmt.Sprintf("release %d", c.number))}
	}
	answers := map[string]string{}
	for _, service := range c.project.Services {
		answers[plan.DigestFile(service.Name)] = "(built by publish)"
	}
	for _, s := range []plan.Stack{c.stack, c.from} {
		current := plan.Deployment{Number: earlier.Number + 1, Revision: c.commit, Images: images("current on " + s.Name)}
		maps.Copy(answers, plan.Record{Passed: []plan.Deployment{earlier, current}}.Outputs(s))
	}
	return answers
}
