package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"taskmaster/ci/plan"
)

// verb is something that the pipeline does.
type verb struct {
	name, help string
	plan       func(plan.Project, plan.Release) plan.Plan
	// made tells what came of it; it may be nil.
	made func(config, io.Writer) error
}

var verbs = []verb{
	{"check", "form, likely mistakes, vulnerabilities, workflows, licences", func(p plan.Project, _ plan.Release) plan.Plan { return plan.Check(p) }, nil},
	{"test", "the suite, and the scenarios on Kafka; reports in " + plan.Dist, func(p plan.Project, _ plan.Release) plan.Plan { return plan.Test(p) }, nil},
	{"build", "an image of each service, as OCI archive in " + plan.Dist, plan.Build, digests},
	{"publish", "build, and give the images to -registry", plan.Publish, digests},
}

// usual are the verbs of a call without one.
var usual = []string{"check", "test", "build"}

// digests prints the images' names, by digest.
func digests(cfg config, out io.Writer) error {
	for _, service := range cfg.project.Services {
		name, err := os.ReadFile(filepath.Join(cfg.root, filepath.FromSlash(plan.DigestFile(service.Name))))
		if err != nil {
			return fmt.Errorf("read the digest: %w", err)
		}
		fmt.Fprintf(out, "%s: %s\n", service.Name, strings.TrimSpace(string(name)))
	}
	return nil
}
