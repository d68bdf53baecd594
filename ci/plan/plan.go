// Package plan decides what the pipeline does and has no side effects. A Plan lists commands with
// their containers, inputs and outputs. Package engine runs a plan in containers, package host runs
// it without them, and Print shows it.
//
// Start with Plan, Stage and Step below and with Project and Release, the inputs of all plans
// (project.go). Then each command of the pipeline has a file:
//
//	check.go                     checks of the code
//	test.go                      the test suites
//	build.go, scan.go, sign.go   images: build, publish, verify
//	tests.go                     test results that are attested
//	stack.go, deploy.go          Pulumi stacks: inspect, preview, deploy, restore
//	notify.go                    notifications
//
// A stack's Record lists its releases (record.go). Package rollout reads it to choose the release to
// deploy. A Result is the outcome of a command (result.go).
package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Dist is the output folder of the pipeline, relative to the repository.
const Dist = ".local/dist"

// Plan lists the stages of a command in order.
type Plan []Stage

// Stage lists steps that do not depend on each other.
type Stage []Step

// Step is one command in its own container.
type Step struct {
	// Name identifies the step in error messages.
	Name string
	// Image is the image of the container.
	Image string
	// Packages are Debian packages that are installed before the command runs. Setup is a command
	// that installs other programs. On a host, both must be present already.
	Packages, Setup []string
	Args            []string
	Env             map[string]string
	// Settings are the members of AllSettings that the command gets.
	Settings
	// Sources are patterns of the repository's files that the command sees. Changes of other files
	// do not affect the step. Without are patterns of files to leave out.
	Sources, Without []string
	// Needs are outputs of earlier steps. Outputs are the files that this step leaves, or folders
	// if they end in a slash.
	Needs, Outputs []string
	// Reports are outputs that the step leaves even if its command fails. They may be missing then.
	Reports []string
	// Stdout is an output that holds the command's standard output. If it is empty, the output is
	// only shown.
	Stdout   string
	Services []Service
	// Always runs the step even if its inputs are unchanged. A step sets it that has side effects,
	// reads remote state, or leaves Reports. Otherwise the engine reports the result of an earlier run:
	// a second publish would push nothing, and failed tests would fail again without running.
	Always bool
	// Optional lets the step fail without ending the plan.
	Optional bool
	// Caches are folders that persist between runs, in addition to Go's caches.
	Caches []string
	// Timeout limits the command's run time. 0 means the limit of the whole pipeline.
	Timeout time.Duration
}

// Service is a program that a step reaches under its name while it runs. On a host the command must
// find another one.
type Service struct {
	Name, Image string
	Port        int
	Args        []string
	Env         map[string]string
	// Variable is the environment variable that passes URL to the step. The URL has the service's
	// name as host.
	Variable, URL string
}

// Within returns a context that ends after the step's timeout. The cause of its error states the
// limit.
func (s Step) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.Timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, s.Timeout, fmt.Errorf("it took longer than %v: %w", s.Timeout, context.DeadlineExceeded))
}

// StepError reports a failed step.
type StepError struct {
	Step string
	// Output is the output of the command. It may be empty.
	Output string
	Err    error
}

// Error returns the step's name and the cause. A cancelled step has not failed.
func (f *StepError) Error() string {
	if errors.Is(f.Err, context.Canceled) {
		return "cancelled during " + f.Step
	}
	return fmt.Sprintf("%s: %v", f.Step, f.Err)
}

// Unwrap returns the cause.
func (f *StepError) Unwrap() error { return f.Err }

// Left returns the outputs of all steps of the stage.
func (s Stage) Left() []string {
	var left []string
	for _, step := range s {
		left = append(left, step.Outputs...)
		left = append(left, step.Reports...)
		if step.Stdout != "" {
			left = append(left, step.Stdout)
		}
	}
	return left
}

// Validate returns an error if a step needs a file that no earlier stage leaves, or if two steps have
// the same name.
func (p Plan) Validate() error {
	var left []string
	names := map[string]bool{}
	for _, stage := range p {
		for _, step := range stage {
			for _, need := range step.Needs {
				if !slices.Contains(left, need) {
					return fmt.Errorf("%s needs %s, which no earlier step leaves", step.Name, need)
				}
			}
			if names[step.Name] {
				return fmt.Errorf("two steps are called %s", step.Name)
			}
			names[step.Name] = true
		}
		left = append(left, stage.Left()...)
	}
	return nil
}
