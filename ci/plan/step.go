// Package plan decides what the pipeline does, and does nothing itself: which commands run, in which containers, what they
// see and what they leave. Package engine runs a plan in containers, and package host without them.
package plan

import "time"

// Dist is the folder for what the pipeline makes, relative to the repository.
const Dist = ".local/dist"

// Plan is what a verb does: stages one after another.
type Plan []Stage

// Stage is steps that do not need each other.
type Stage []Step

// Step is one command, in a container of its own.
type Step struct {
	// Name is what a failure is called by.
	Name string
	// Image is what the container is made of.
	Image string
	// Packages are Debian's, installed before the command runs, and Setup is a command that installs what is no such package.
	// On a host they have to be there.
	Packages, Setup []string
	Args            []string
	Env             map[string]string
	// Secrets are those of the Secrets that the command gets, and SecretFiles those of the SecretFiles; no other step does.
	Secrets, SecretFiles []string
	// Sources are patterns of the repository's files that the command sees; whatever else changes does not concern it. Without
	// is what they match and it does not see.
	Sources, Without []string
	// Needs are what earlier steps left, and Outputs what this one leaves: files, or folders when they end in a slash.
	Needs, Outputs []string
	// Stdout is an output that holds what the command printed; empty if it is only shown.
	Stdout   string
	Services []Service
	// Always runs the command though all that it sees is as it was: what it does or finds out is elsewhere.
	Always bool
	// Optional is for what may fail and ends nothing.
	Optional bool
	// Caches are folders that live on from run to run, besides Go's.
	Caches []string
	// Timeout is how long the command may take; 0 is as long as all of the pipeline may.
	Timeout time.Duration
}

// Service is a program that a step reaches under its name while it runs. On a host the command has to find another way.
type Service struct {
	Name, Image string
	Port        int
	Args        []string
	Env         map[string]string
	// Variable tells the step where the service is, as URL with the service's name as host.
	Variable, URL string
}

// Left lists everything that the stage leaves.
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
