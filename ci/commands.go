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

// command is one thing that the pipeline can do.
type command struct {
	name, help string
	// plan returns the steps. If run is set, plan is only printed by -plan.
	plan func(config) plan.Plan
	// run does the work of a command that takes more than one plan. It may be nil.
	run func(context.Context, config, executor, io.Writer) error
	// report prints the outcome. It may be nil.
	report func(config, io.Writer) error
	// noResult is set if the command leaves no result, or writes it itself.
	noResult bool
}

// do runs the command and writes its result to plan.ResultFile.
func (c command) do(ctx context.Context, cfg config, do executor, out io.Writer) error {
	began := time.Now().UTC()
	err := c.execute(ctx, cfg, do, out)
	if c.noResult {
		return err
	}
	result := plan.Result{Command: c.name, Began: began, Seconds: time.Since(began).Seconds(), Release: plan.Deployment{Revision: cfg.project.Revision}}
	if err != nil {
		result.Reason = err.Error()
		if failure, ok := errors.AsType[*plan.StepError](err); ok {
			result.Step, result.Output = failure.Step, last(failure.Output, lastLines)
		}
	} else if c.name == "publish" {
		result.Release.Images, err = digests(cfg)
	}
	return errors.Join(err, rollout.WriteResult(cfg.root, result))
}

// execute runs the plans of the command and prints its report.
func (c command) execute(ctx context.Context, cfg config, do executor, out io.Writer) error {
	run := c.run
	if run == nil {
		run = func(ctx context.Context, cfg config, do executor, _ io.Writer) error { return do(ctx, c.plan(cfg)) }
	}
	if err := run(ctx, cfg, do, out); err != nil || c.report == nil {
		return err
	}
	if err := c.report(cfg, out); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// executor runs a plan, in containers or on this machine.
type executor func(context.Context, plan.Plan) error

var commands = []command{
	{name: "check", help: "check code, vulnerabilities, workflows, chart, generated files and licences", plan: func(c config) plan.Plan { return plan.Check(c.project) }},
	{name: "test", help: "run the test suite, the scenarios on Kafka and an installation on Redpanda; reports in " + plan.Dist, plan: func(c config) plan.Plan { return plan.Test(c.project) }},
	{name: "build", help: "build an image of each service, as OCI archive in " + plan.Dist, plan: func(c config) plan.Plan { return plan.Build(c.project, c.release) }, report: printDigests},
	{name: "publish", help: "build, scan, push the images to -registry, and sign them", plan: func(c config) plan.Plan { return plan.Publish(c.project, c.release) }, report: printDigests},
	{name: "preview", help: "show the changes that an update of -stack would make", plan: showPreview, run: preview, report: printPreview},
	{name: "deploy", help: "deploy the published images to -stack and run the smoke test", plan: showDeploy, run: deploy, noResult: true},
	{name: "promote", help: "deploy the release of -from to -to if it is signed and passed its smoke test", plan: showPromote, run: promote, noResult: true},
	{name: "rollback", help: "return -stack to the previous release, or to the one that -to numbers", plan: showRollback, run: rollback, noResult: true},
	{name: "notify", help: "send the result of the last run, or that -waiting waits, to Slack and GitHub", plan: func(c config) plan.Plan { return plan.Notify(c.project, c.notice) }, noResult: true},
}

// defaultCommands run if the command line names none.
var defaultCommands = []string{"check", "test", "build"}

// printDigests prints the name of each image by digest.
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

// digests reads the name of each service's image by digest, as a step left it.
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
