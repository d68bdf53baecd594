package plan

import (
	"fmt"
	"slices"
	"time"
)

// base is Debian's smallest image for static programs, with certificates and without a shell, for a user that is not root.
const base = "gcr.io/distroless/static-debian12:nonroot@sha256:afa5c872c891853ca7fcf1f12c3edb23f7eeef36189728842dd51042ff57f7ab"

// Project is what a plan is made from.
type Project struct {
	// Go is the version that go.mod names.
	Go string
	// Revision and Time are those of the commit, Source is the address of its repository.
	Revision string
	Time     time.Time
	Source   string
	// Services are the deployable ones, in the order of their names, with the folders of the repository that each is built
	// from.
	Services []Component
	// Smoke are the folders that the smoke test is built from.
	Smoke []string
}

// Component is a deployable service.
type Component struct {
	Name    string
	Folders []string
}

// Release is where images go and for what they are made.
type Release struct {
	// Registry is the host and path before an image's name, such as ghcr.io/owner.
	Registry string
	// Username logs in there, with the secret REGISTRY_PASSWORD; empty for a registry that needs none.
	Username string
	// Platforms are GOOS/GOARCH.
	Platforms []string
	// Base replaces the base of the images. "scratch" needs no registry.
	Base string
	// Insecure is for a registry without TLS.
	Insecure bool
	// Tags are what a published image is called besides its commit.
	Tags []string
	// VulnDB replaces the database of vulnerabilities, https://vuln.go.dev.
	VulnDB string
	// Signing is who signs the images; PublicKey is the file of the repository that verifies what a key signed.
	Signing   Signing
	PublicKey string
}

// goImage is the official image of the Go version, for everything that compiles.
func (p Project) goImage() string { return fmt.Sprintf("golang:%s-bookworm", p.Go) }

// code is the patterns of what a program is compiled from, that is, of folders and the modules.
func code(folders []string) []string {
	patterns := slices.Clone(modules)
	for _, folder := range folders {
		patterns = append(patterns, folder+"/**")
	}
	return patterns
}

// modules are the files that say what the code depends on.
var modules = []string{"go.mod", "go.sum"}

// goEnv is the same for all steps, so that they share one build cache; the toolchain is the image's.
func goEnv(more map[string]string) map[string]string {
	env := map[string]string{"CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
	for key, value := range more {
		env[key] = value
	}
	return env
}
