package plan

import (
	"strings"
	"time"
)

// programsDir returns the folder of a platform's programs.
func programsDir(platform string) string {
	return Dist + "/" + strings.ReplaceAll(platform, "/", "-") + "/"
}

// Archive returns the path of a service's image as OCI archive.
func Archive(service string) string { return Dist + "/" + service + ".tar" }

// DigestFile returns the path of the file that holds NAME@DIGEST of a service's image.
func DigestFile(service string) string { return Dist + "/" + service + ".digest" }

// ProvenanceFile returns the path of the provenance predicate of a published image.
func ProvenanceFile(service string) string { return Dist + "/" + service + ".provenance.json" }

// ImageName returns the name of a service's image in a registry.
func ImageName(registry, service string) string { return registry + "/taskmaster-" + service }

// Build compiles every service for every platform and builds an image of each service. The same
// commit gives the same digests.
func Build(p Project, r Release) Plan {
	var images Stage
	for _, c := range p.Services {
		step := p.image(r, c.Name, "-out", Archive(c.Name))
		step.Outputs = []string{Archive(c.Name)}
		images = append(images, step)
	}
	return Plan{p.programs(r), images}
}

// RevisionFile is the path of the file that holds the commit of the images in the digest files.
const RevisionFile = Dist + "/revision"

// Publish builds and scans the programs and pushes the images. The images are tagged with the
// commit and the release's tags, and their digests are signed. If the commit was tested, the results
// in TestsFile are attested.
func Publish(p Project, r Release, tested bool) Plan {
	var images Stage
	for _, c := range p.Services {
		step := p.image(r, c.Name, "-provenance", ProvenanceFile(c.Name), "-push", "-tags", strings.Join(append([]string{p.Revision}, r.Tags...), ","))
		step.Name, step.Always = "publish "+c.Name, true
		step.Outputs = []string{ProvenanceFile(c.Name)}
		if r.Username != "" {
			step.Env["REGISTRY_USERNAME"] = r.Username
			step.Settings = Registry
		}
		images = append(images, step)
	}
	published := Plan{p.programs(r), p.scan(r), images}
	if signed := p.sign(r, tested); signed != nil {
		published = append(published, signed)
	}
	return published
}

// programs compiles static programs without paths and times of the machine. A step sees only the
// sources of its program, so that a change of another service does not rebuild it.
func (p Project) programs(r Release) Stage {
	var stage Stage
	for _, c := range p.Services {
		for _, platform := range r.Platforms {
			system, architecture, _ := strings.Cut(platform, "/")
			out := programsDir(platform) + c.Name
			stage = append(stage, Step{
				Name: "compile " + c.Name + " for " + platform, Image: goImage,
				Args: []string{
					"go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-w -buildid=", "-o", out, "./services/" + c.Name,
				},
				Env:     goEnv(map[string]string{"GOOS": system, "GOARCH": architecture}),
				Sources: code(c.Folders), Without: []string{"**/*_test.go", "**/testdata/**"},
				Outputs: []string{out},
			})
		}
	}
	return stage
}

// image runs ci/image for a service.
func (p Project) image(r Release, service string, more ...string) Step {
	from := r.Base
	if from == "" {
		from = base
	}
	args := []string{
		"go", "run", "./ci/image", "-name", ImageName(r.Registry, service), "-revision", p.Revision, "-time", p.Time.UTC().Format(time.RFC3339),
		"-base", from,
	}
	if p.Source != "" {
		args = append(args, "-source", p.Source)
	}
	if r.Insecure != "" {
		args = append(args, "-insecure", r.Insecure)
	}
	args = append(args, more...)
	step := Step{
		Name: "image of " + service, Image: goImage, Env: goEnv(nil),
		Sources: tool("ci/image"), Without: []string{"**/*_test.go"},
		Stdout: DigestFile(service),
	}
	for _, platform := range r.Platforms {
		program := programsDir(platform) + service
		args = append(args, platform+"="+program)
		step.Needs = append(step.Needs, program)
	}
	step.Args = args
	return step
}
