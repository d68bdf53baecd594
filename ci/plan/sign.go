package plan

import (
	"maps"
	"slices"
)

// cosign signs images and verifies signatures.
const cosign = "github.com/sigstore/cosign/v3/cmd/cosign@v3.0.6"

// Signing selects the signer of images.
type Signing string

// These are the signers.
const (
	// Unsigned neither signs nor verifies. It is for registries on the same machine.
	Unsigned Signing = "none"
	// Keyless signs as the GitHub Actions workflow that publishes. Sigstore certifies its identity
	// and records the certificate in a public log.
	Keyless Signing = "keyless"
	// WithKey signs with the secrets COSIGN_KEY and COSIGN_PASSWORD. Nothing is written to a public
	// log.
	WithKey Signing = "key"
)

const (
	// actionsIssuer vouches for workflows. publisher is the workflow that signs, on the released
	// branch.
	actionsIssuer = "https://token.actions.githubusercontent.com"
	publisher     = "/.github/workflows/deploy.yml@refs/heads/main"
)

// sign signs the digests of the stage before. It attests their provenance, and the results in
// TestsFile if the commit was tested. It returns nil for Unsigned.
func (p Project) sign(r Release, tested bool) Stage {
	step := p.signature(r, "sign the images")
	switch r.Signing {
	case Keyless:
		step.Settings = step.With(Workflow)
	case WithKey:
		step.Args = append(step.Args, "-key", "env://"+cosignKey)
		step.Settings = step.With(Key)
	default:
		return nil
	}
	attest := step
	attest.Name = "attest the provenance"
	for _, c := range p.Services {
		step.Needs = append(step.Needs, DigestFile(c.Name))
		attest.Needs = append(attest.Needs, DigestFile(c.Name), ProvenanceFile(c.Name))
	}
	tests := step
	tests.Name = "attest the test results"
	tests.Sources = append(slices.Clone(tests.Sources), TestsFile)
	tests.Args = slices.Concat(step.Args, []string{"-tests", TestsFile, "attest-tests"}, step.Needs)
	attest.Args = slices.Concat(step.Args, []string{"attest"}, step.Needs)
	step.Args = slices.Concat(step.Args, []string{"sign"}, step.Needs)
	if !tested {
		return Stage{step, attest}
	}
	return Stage{step, attest, tests}
}

// VerifyDeployment checks that all images of a deployment were signed by this repository's workflow or
// by the key that matches r.PublicKey. The same signer must have attested that the tests passed,
// unless the deployment is untested. It returns nil for Unsigned.
func VerifyDeployment(p Project, r Release, d Deployment) Plan {
	step := p.signature(r, "verify the signatures")
	step.Timeout = verifyTimeout
	switch r.Signing {
	case Keyless:
		step.Args = append(step.Args, "-identity", p.Source+publisher, "-issuer", actionsIssuer)
	case WithKey:
		step.Args = append(step.Args, "-key", r.PublicKey)
		step.Sources = append(step.Sources, r.PublicKey)
	default:
		return nil
	}
	var images []string
	for _, service := range slices.Sorted(maps.Keys(d.Images)) {
		images = append(images, d.Images[service])
	}
	tests := step
	tests.Name = "verify the test results"
	tests.Args = slices.Concat(step.Args, []string{"verify-tests"}, images)
	step.Args = slices.Concat(step.Args, []string{"verify"}, images)
	if d.Untested != "" {
		return Plan{{step}}
	}
	return Plan{{step}, {tests}}
}

// signature runs ci/sign.
func (p Project) signature(r Release, name string) Step {
	step := Step{
		Name: name, Image: goImage, Env: goEnv(nil),
		Sources: tool("ci/sign", "ci/plan/*.go", "ci/plan/*.sh"), Without: []string{"**/*_test.go"},
		Args:   []string{"go", "run", "./ci/sign", "-cosign", cosign},
		Always: true,
	}
	if r.Insecure != "" {
		step.Args = append(step.Args, "-insecure", r.Insecure)
	}
	if r.Username != "" {
		step.Env["REGISTRY_USERNAME"] = r.Username
		step.Settings = Registry
	}
	return step
}
