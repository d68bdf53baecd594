// Package plan decides what the pipeline does and has no side effects. A plan lists the commands,
// their containers, inputs and outputs. Package engine runs a plan in containers, and package host
// runs it without them.
package plan

import "time"

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
	// Secrets and SecretFiles are the members of the variables Secrets and SecretFiles that the
	// command gets.
	Secrets, SecretFiles []string
	// Sources are patterns of the repository's files that the command sees. Changes of other files
	// do not affect the step. Without are patterns of files to leave out.
	Sources, Without []string
	// Needs are outputs of earlier steps. Outputs are the files that this step leaves, or folders
	// if they end in a slash.
	Needs, Outputs []string
	// Stdout is an output that holds the command's standard output. If it is empty, the output is
	// only shown.
	Stdout   string
	Services []Service
	// Always runs the step even if its inputs are unchanged, because it has side effects or reads
	// remote state.
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

// Left returns the outputs of all steps of the stage.
func (s Stage) Left() []string {
	var left []string
	for _, step := range s {
		left = append(left, step.Outputs...)
		if step.Stdout != "" {
			left = append(left, step.Stdout)
		}
	}
	return left
}
