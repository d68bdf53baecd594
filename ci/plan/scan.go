package plan

// scanPolicy is what published programs may contain.
const scanPolicy = "ci/scan/policy.yaml"

// scan holds all programs to the policy. What is known of them changes every day though they do not.
func (p Project) scan(r Release) Stage {
	step := Step{
		Name: "scan the programs", Image: p.goImage(), Env: goEnv(nil),
		Args:    []string{"go", "run", "./ci/scan", "-govulncheck", govulncheck, "-policy", scanPolicy},
		Sources: append(append([]string{}, modules...), "ci/scan/*.go", scanPolicy), Without: []string{"**/*_test.go"},
		Always: true,
	}
	if r.VulnDB != "" {
		step.Args = append(step.Args, "-db", r.VulnDB)
	}
	step.Needs = p.programs(r).Left()
	step.Args = append(step.Args, step.Needs...)
	return Stage{step}
}
