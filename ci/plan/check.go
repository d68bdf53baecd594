package plan

import (
	"maps"
	"slices"
)

// These are the versions of the checking tools.
const (
	golangciLint = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.1.0"
	govulncheck  = "golang.org/x/vuln/cmd/govulncheck@v1.1.4"
	actionlint   = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
	goLicenses   = "github.com/google/go-licenses@v1.6.0"
	helm         = "helm.sh/helm/v3/cmd/helm@v3.22.0"
)

// testTags are the build tags of tests that need more than Go (Makefile). The checks read these tests
// too.
const testTags = "alerts,brokers,browser,clients,clouds,cluster,deploy,disk,kafka,signing,workflows"

// allowedLicences let anyone use, change and sell a program that contains the code, as long as it
// is credited.
const allowedLicences = "Apache-2.0,BSD-2-Clause,BSD-2-Clause-FreeBSD,BSD-3-Clause,ISC,MIT,MPL-2.0,0BSD,Unlicense,CC0-1.0"

// allCode matches all files that a check of the code reads.
var allCode = []string{"go.mod", "go.sum", ".golangci.yml", "Makefile", "cmd/**", "internal/**", "services/**", "infra/**", "ci/**", "tests/**", "dapr/**", "stacks/**", "Pulumi.yaml", ".github/**"}

// repositoryFiles matches the files that a check of the documents reads besides the code. The check
// asks git for the tracked files.
var repositoryFiles = []string{".git/**", ".gitignore", ".editorconfig", ".ci/**", ".devcontainer/**", "*.md", "LICENSE", "docs/**", "renovate.json"}

// Workflows are the files of the GitHub Actions workflows.
var Workflows = []string{
	".github/workflows/deploy.yml", ".github/workflows/pull-request.yml", ".github/workflows/rollback.yml", ".github/workflows/stack.yml",
	".github/workflows/suites.yml", ".github/workflows/weekly.yml",
}

// generated are the packages whose tests compare generated files with their generator's current
// output.
var generated = []string{"./internal/event", "./ci/plan", "./ci/rollout", "./ci/engine"}

// Check examines the code without running a service. It covers formatting, vet, lint,
// vulnerabilities, workflows, the chart, generated files, the licences of dependencies and the
// language of the text.
func Check(p Project) Plan {
	step := func(name string, args ...string) Step {
		return Step{Name: name, Image: goImage, Args: args, Env: goEnv(nil), Sources: allCode}
	}
	vulnerabilities := step("vulnerabilities", "go", "run", govulncheck, "./...")
	vulnerabilities.Always = true // the database changes every day
	licences := step("licences", "go", "run", goLicenses, "check", "--allowed_licenses="+allowedLicences, "--ignore=taskmaster")
	// Compiled with -trimpath, go-licenses takes every package for one of Go's own.
	licences.Env["GOFLAGS"] = ""
	for _, c := range p.Services {
		licences.Args = append(licences.Args, "./services/"+c.Name)
	}
	language := step("language", "go", "run", "./tests/language")
	language.Sources = slices.Concat(repositoryFiles, allCode)
	return Plan{
		{
			step("workflows", append([]string{"go", "run", actionlint}, Workflows...)...),
			step("chart", "go", "run", helm, "lint", "--strict", "infra/chart", "--values", "ci/chart/values.yaml"),
			step("generated files", append([]string{"go", "test", "-run", "Current|Golden"}, generated...)...),
			licences,
			language,
		},
		alone(step("vet", "go", "vet", "-tags", testTags, "./...")),
		alone(step("lint", "go", "run", golangciLint, "run", "--concurrency", "1", "./...")),
		alone(vulnerabilities),
	}
}

// alone returns a stage of one step that compiles or reads the SDKs of the clouds. It fits into 7 GB,
// the memory of GitHub's small runners: one package at a time, and a garbage collector that works
// more often. The largest package takes gigabytes by itself (ci/README.md).
func alone(s Step) Stage {
	maps.Copy(s.Env, map[string]string{"GOFLAGS": "-trimpath -p=1", "GOGC": "50", "GOMEMLIMIT": "5GiB"})
	return Stage{s}
}
