package plan

import (
	"maps"
	"slices"
	"time"
)

// base is Debian's smallest image for static programs. It has certificates, no shell and a non-root
// user.
const base = "gcr.io/distroless/static-debian12:nonroot@sha256:afa5c872c891853ca7fcf1f12c3edb23f7eeef36189728842dd51042ff57f7ab"

// goImage is the official image of the Go version in go.mod. All steps that compile use it.
const goImage = "golang:1.26.5-bookworm@sha256:1ecb7edf62a0408027bd5729dfd6b1b8766e578e8df93995b225dfd0944eb651"

// Project is the input of all plans.
type Project struct {
	// Revision and Time belong to the commit. Source is the address of its repository.
	Revision string
	Time     time.Time
	Source   string
	// Services are the deployable programs, sorted by name.
	Services []Component
	// Smoke lists the folders that the smoke test is built from.
	Smoke []string
}

// Component is a deployable service and the folders of the repository that it is built from.
type Component struct {
	Name    string
	Folders []string
}

// Release describes the images to build and their registry.
type Release struct {
	// Registry is the host and path before an image's name, such as ghcr.io/owner.
	Registry string
	// Username logs in at the registry with the secret REGISTRY_PASSWORD. Empty means no login.
	Username string
	// Platforms are GOOS/GOARCH.
	Platforms []string
	// Base replaces the base of the images. "scratch" needs no registry.
	Base string
	// Insecure lists the hosts of registries without TLS, separated by commas.
	Insecure string
	// Tags are the tags of a published image in addition to its commit.
	Tags []string
	// VulnDB replaces the vulnerability database https://vuln.go.dev.
	VulnDB string
	// Signing selects the signer of the images. PublicKey is the file in the repository that
	// verifies signatures made with a key.
	Signing   Signing
	PublicKey string
}

// code returns the patterns of a program's sources: its folders and the module files.
func code(folders []string) []string {
	patterns := slices.Clone(modules)
	for _, folder := range folders {
		patterns = append(patterns, folder+"/**")
	}
	return patterns
}

// tool returns the patterns of the sources of one of the pipeline's programs, such as ci/sign, and of
// more files that it reads.
func tool(folder string, more ...string) []string {
	return slices.Concat(modules, []string{folder + "/*.go", "internal/cli/*.go"}, more)
}

// modules are the files that list the code's dependencies.
var modules = []string{"go.mod", "go.sum"}

// goEnv returns the environment of Go commands. It is the same for all steps and as in the Makefile,
// so that they share one build cache. GOTOOLCHAIN=local pins the image's toolchain.
func goEnv(more map[string]string) map[string]string {
	env := map[string]string{"CGO_ENABLED": "0", "GOFLAGS": "-trimpath", "GOTOOLCHAIN": "local"}
	maps.Copy(env, more)
	return env
}
