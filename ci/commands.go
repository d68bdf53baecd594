package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
)

// command is one thing that the pipeline can do.
type command struct {
	name, help string
	// plan returns the steps of a command with a single plan. run does the work of a command whose
	// plans depend on the results of others. One of them is set.
	plan func(config) plan.Plan
	run  func(context.Context, config, rollout.Executor, io.Writer) error
	// report prints the outcome. It may be nil.
	report func(config, rollout.Executor, io.Writer) error
	// images is set if the command leaves the names of images by digest.
	images bool
	// tests is set if the command's success is a test result.
	tests bool
	// noResult is set if the command leaves no result, or writes it itself.
	noResult bool
}

// do runs the command and writes its result to plan.ResultFile.
func (c command) do(ctx context.Context, cfg config, exec rollout.Executor, out io.Writer) error {
	if c.noResult {
		return c.execute(ctx, cfg, exec, out)
	}
	result := plan.Result{Command: c.name, Release: plan.Deployment{Revision: cfg.project.Revision}}
	return rollout.Report(exec, &result, func() error {
		if c.tests {
			err := c.execute(ctx, cfg, exec, out)
			return errors.Join(err, recordTest(cfg.project, exec, c.name, err == nil))
		}
		if !c.images {
			return c.execute(ctx, cfg, exec, out)
		}
		// A later deploy must not find the digests of an earlier run, or of a publish that has failed.
		if err := removeDigests(cfg.project.Services, exec); err != nil {
			return err
		}
		if err := c.execute(ctx, cfg, exec, out); err != nil {
			return errors.Join(err, removeDigests(cfg.project.Services, exec))
		}
		if err := exec.Write(plan.RevisionFile, []byte(cfg.project.Revision+"\n")); err != nil {
			return err
		}
		if c.name != "publish" {
			return nil
		}
		var err error
		result.Release.Images, err = digests(cfg.project.Services, exec)
		return err
	})
}

// execute runs the plans of the command and prints its report.
func (c command) execute(ctx context.Context, cfg config, exec rollout.Executor, out io.Writer) error {
	var err error
	if c.run != nil {
		err = c.run(ctx, cfg, exec, out)
	} else {
		err = exec.Run(ctx, c.plan(cfg))
	}
	if err != nil || c.report == nil {
		return err
	}
	if err := c.report(cfg, exec, out); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

var commands = []command{
	{name: "check", help: "check code, vulnerabilities, workflows, chart, generated files and licences", plan: func(c config) plan.Plan { return plan.Check(c.project) }, tests: true},
	{name: "test", help: "run the test suite, the scenarios on Kafka and an installation on Redpanda; reports in " + plan.Dist, plan: func(c config) plan.Plan { return plan.Test(c.project) }, tests: true},
	{name: "build", help: "build an image of each service, as OCI archive in " + plan.Dist, plan: func(c config) plan.Plan { return plan.Build(c.project, c.release) }, report: printDigests, images: true},
	{name: "publish", help: "build, scan, push the images to -registry, sign them, and attest the test results", run: publish, report: printDigests, images: true},
	{name: "preview", help: "show the changes that an update of -stack would make", run: preview, report: printPreview},
	{name: "deploy", help: "deploy the published images to -stack if they are signed and tested, and run the smoke test", run: deploy, noResult: true},
	{name: "promote", help: "deploy the release of -from to -to if it is signed, tested, and passed its smoke test", run: promote, noResult: true},
	{name: "rollback", help: "return -stack to the previous release, or to the one that -to numbers", run: rollback, noResult: true},
	{name: "notify", help: "send the result of the last run, or that -waiting waits, to Slack and GitHub", plan: func(c config) plan.Plan { return plan.Notify(c.project, c.notice) }, noResult: true},
}

// defaultCommands run if the command line names none.
var defaultCommands = []string{"check", "test", "build"}

// printDigests prints the name of each image by digest.
func printDigests(cfg config, exec rollout.Executor, out io.Writer) error {
	images, err := digests(cfg.project.Services, exec)
	if err != nil {
		return err
	}
	for _, service := range cfg.project.Services {
		fmt.Fprintf(out, "%s: %s\n", service.Name, images[service.Name])
	}
	return nil
}

// removeDigests removes the files that digests reads.
func removeDigests(services []plan.Component, exec rollout.Executor) error {
	errs := []error{exec.Remove(plan.RevisionFile)}
	for _, service := range services {
		errs = append(errs, exec.Remove(plan.DigestFile(service.Name)))
	}
	return errors.Join(errs...)
}

// digests reads the name of each service's image by digest, as a step left it.
func digests(services []plan.Component, exec rollout.Executor) (map[string]string, error) {
	images := map[string]string{}
	for _, service := range services {
		name, err := exec.Read(plan.DigestFile(service.Name))
		if err != nil {
			return nil, fmt.Errorf("read the digest: %w", err)
		}
		images[service.Name] = strings.TrimSpace(string(name))
	}
	return images, nil
}
