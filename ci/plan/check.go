package plan

// Versions of the tools that check.
const (
	golangciLint = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.1.0"
	govulncheck  = "golang.org/x/vuln/cmd/govulncheck@v1.1.4"
	actionlint   = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
	goLicenses   = "github.com/google/go-licenses@v1.6.0"
	helm         = "helm.sh/helm/v3/cmd/helm@v3.22.0"
)

// allowedLicences are those that let anybody use, change and sell a program made with them, as long as they are named.
const allowedLicences = "Apache-2.0,BSD-2-Clause,BSD-2-Clause-FreeBSD,BSD-3-Clause,ISC,MIT,MPL-2.0,0BSD,Unlicense,CC0-1.0"

// allCode is everything that a check of the code has to see.
var allCode = []string{"go.mod", "go.sum", ".golangci.yml", "Makefile", "cmd/**", "internal/**", "services/**", "infra/**", "ci/**", "tests/**", "dapr/**", "stacks/**", "Pulumi.yaml", ".github/**"}

// Workflows are those of GitHub Actions.
var Workflows = []string{
	".github/workflows/deploy.yaml", ".github/workflows/pull-request.yaml", ".github/workflows/rollback.yaml", ".github/workflows/stack.yaml",
}

// generated are the packages whose tests hold files that are written by a program to what that would write now.
var generated = []string{"./internal/event", "./ci/plan", "./ci/engine"}

// Check looks at the code and runs none of the services: form, likely mistakes, known vulnerabilities, the workflows, the chart,
// generated files, and the licences of what the services are made of.
func Check(p Project) Plan {
	step := func(name string, args ...string) Step {
		return Step{Name: name, Image: p.goImage(), Args: args, Env: goEnv(nil), Sources: allCode}
	}
	licences := step("licences", "go", "run", goLicenses, "check", "--allowed_licenses="+allowedLicences, "--ignore=taskmaster")
	for _, c := range p.Services {
		licences.Args = append(licences.Args, "./services/"+c.Name)
	}
	return Plan{{
		step("vet", "go", "vet", "./..."),
		step("lint", "go", "run", golangciLint, "run", "./..."),
		step("vulnerabilities", "go", "run", govulncheck, "./..."),
		step("workflows", append([]string{"go", "run", actionlint}, Workflows...)...),
		step("chart", "go", "run", helm, "lint", "--strict", "infra/chart", "--values", "ci/chart/values.yaml"),
		step("generated files", append([]string{"go", "test", "-run", "Current|Golden"}, generated...)...),
		licences,
	}}
}
