package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
)

// recordTest adds a command that passed to plan.TestsFile, or removes the file after a failure. A tree
// with uncommitted changes has no name, so its results are not recorded.
func recordTest(p plan.Project, exec rollout.Executor, command string, passed bool) error {
	if !passed || strings.Contains(p.Revision, "-") {
		return exec.Remove(plan.TestsFile)
	}
	result, err := readTests(exec)
	if err != nil || !result.Of(p.Revision) {
		result = plan.NewTestResult(p.Source, p.Revision)
	}
	if !slices.Contains(result.PassedTests, command) {
		result.PassedTests = append(result.PassedTests, command)
	}
	raw, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return err
	}
	return exec.Write(plan.TestsFile, append(raw, '\n'))
}

func readTests(exec rollout.Executor) (r plan.TestResult, err error) {
	raw, err := exec.Read(plan.TestsFile)
	if err != nil {
		return r, err
	}
	err = json.Unmarshal(raw, &r)
	return r, err
}

// publish publishes the images, with the test results of the commit if it was tested.
func publish(ctx context.Context, c config, exec rollout.Executor, out io.Writer) error {
	// A plan is shown as for a tested commit.
	tested := c.show
	if !tested {
		result, err := readTests(exec)
		tested = err == nil && result.Of(c.project.Revision) && result.Complete()
	}
	if err := exec.Run(ctx, plan.Publish(c.project, c.release, tested)); err != nil {
		return err
	}
	if !tested || c.release.Signing == plan.Unsigned {
		fmt.Fprintln(out, "NOT TESTED: deploy and promote refuse these images. Commit your changes, and run check, test and publish with a signer.")
	}
	return nil
}
