package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
)

// verb is something that the pipeline does.
type verb struct {
	name, help string
	// plan is what runs; with run, it is what is shown of it.
	plan func(config) plan.Plan
	// run does what takes more than one plan; it may be nil.
	run func(context.Context, config, executor, io.Writer) error
	// made tells what came of it; it may be nil.
	made func(config, io.Writer) error
	// quiet leaves no result, or has left one itself.
	quiet bool
}

// do runs the verb, and leaves what it came to in plan.ResultFile.
func (v verb) do(ctx context.Context, cfg config, do executor, out io.Writer) error {
	began := time.Now().UTC()
	err := v.try(ctx, cfg, do, out)
	if v.quiet {
		return err
	}
	result := plan.Result{Verb: v.name, Began: began, Seconds: time.Since(began).Seconds(), Release: plan.Deployment{Revision: cfg.project.Revision}}
	if err != nil {
		result.Reason = err.Error()
		if failure, ok := errors.AsType[*plan.StepError](err); ok {
			result.Step, result.Output = failure.Step, last(failure.Output, lastLines)
		}
	} else if v.name == "publish" {
		result.Release.Images, err = digests(cfg)
	}
	return errors.Join(err, rollout.Keep(cfg.root, result))
}

func (v verb) try(ctx context.Context, cfg config, do executor, out io.Writer) error {
	run := v.run
	if run == nil {
		run = func(ctx context.Context, cfg config, do executor, _ io.Writer) error { return do(ctx, v.plan(cfg)) }
	}
	if err := run(ctx, cfg, do, out); err != nil || v.made == nil {
		return err
	}
	if err := v.made(cfg, out); err != nil {
		return fmt.Errorf("%s: %w", v.name, err)
	}
	return nil
}

// executor runs a plan, in containers or without.
type executor func(context.Context, plan.Plan) error

var verbs = []verb{
	{name: "check", help: "form, likely mistakes, vulnerabilities, workflows, chart, generated files, licences", plan: func(c config) plan.Plan { return plan.Check(c.project) }},
	{name: "test", help: "the suite, the scenarios on Kafka, an installation on Redpanda; reports in " + plan.Dist, plan: func(c config) plan.Plan { return plan.Test(c.project) }},
	{name: "build", help: "an image of each service, as OCI archive in " + plan.Dist, plan: func(c config) plan.Plan { return plan.Build(c.project, c.release) }, made: printDigests},
	{name: "publish", help: "build, scan, give the images to -registry, and sign them", plan: func(c config) plan.Plan { return plan.Publish(c.project, c.release) }, made: printDigests},
	{name: "preview", help: "what an update of -stack would change", plan: showPreview, run: preview, made: printPreview},
	{name: "deploy", help: "bring the published images to -stack, and try them", plan: showDeploy, run: deploy, quiet: true},
	{name: "promote", help: "bring what -from runs to -to, if it is signed and passed", plan: showPromote, run: promote, quiet: true},
	{name: "rollback", help: "bring the release before, or the one that -to names, back to -stack", plan: showRollback, run: rollback, quiet: true},
	{name: "notify", help: "tell Slack and GitHub what the last run came to, or that -waiting waits", plan: func(c config) plan.Plan { return plan.Notify(c.project, c.notice) }, quiet: true},
}

// usual are the verbs of a call without one.
var usual = []string{"check", "test", "build"}

// printDigests prints the images' names, by digest.
func printDigests(cfg config, out io.Writer) error {
	images, err := digests(cfg)
	if err != nil {
		return err
	}
	for _, service := range cfg.project.Services {
		fmt.Fprintf(out, "%s: %s\n", service.Name, images[service.Name])
	}
	return nil
}

// digests reads the images' names, by digest, that a step has left for each service.
func digests(cfg config) (map[string]string, error) {
	images := map[string]string{}
	for _, service := range cfg.project.Services {
		name, err := os.ReadFile(filepath.Join(cfg.root, filepath.FromSlash(plan.DigestFile(service.Name))))
		if err != nil {
			return nil, fmt.Errorf("read the digest: %w", err)
		}
		images[service.Name] = strings.TrimSpace(string(name))
	}
	return images, nil
}
