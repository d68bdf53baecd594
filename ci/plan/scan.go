package plan

// scanPolicy is the policy for vulnerabilities in published programs.
const scanPolicy = "ci/scan/policy.yaml"

// scan checks all programs against the policy. It runs always, because the known vulnerabilities
// change every day.
func (p Project) scan(r Release) Stage {
	step := Step{
		Name: "scan the programs", Image: goImage, Env: goEnv(nil),
		Args:    []string{"go", "run", "./ci/scan", "-govulncheck", govulncheck, "-policy", scanPolicy},
		Sources: tool("ci/scan", scanPolicy), Without: []string{"**/*_test.go"},
		Always: true,
	}
	if r.VulnDB != "" {
		step.Args = append(step.Args, "-db", r.VulnDB)
	}
	step.Needs = p.programs(r).Left()
	step.Args = append(step.Args, step.Needs...)
	return Stage{step}
}
