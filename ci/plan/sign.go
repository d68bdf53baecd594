package plan

import "slices"

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

// sign signs the digests of the stage before and attests their provenance. It returns nil for
// Unsigned.
func (p Project) sign(r Release) Stage {
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
	attest.Args = slices.Concat(step.Args, []string{"attest"}, step.Needs)
	step.Args = slices.Concat(step.Args, []string{"sign"}, step.Needs)
	return Stage{step, attest}
}

// Verify checks that images, each by NAME@DIGEST, were signed by this repository's workflow or by
// the key that matches r.PublicKey. It returns nil for Unsigned.
func Verify(p Project, r Release, images []string) Stage {
	step := p.signature(r, "verify the signatures")
	switch r.Signing {
	case Keyless:
		step.Args = append(step.Args, "-identity", p.Source+publisher, "-issuer", actionsIssuer)
	case WithKey:
		step.Args = append(step.Args, "-key", r.PublicKey)
		step.Sources = append(step.Sources, r.PublicKey)
	default:
		return nil
	}
	step.Args = append(step.Args, "verify")
	step.Args = append(step.Args, images...)
	return Stage{step}
}

// signature runs ci/sign.
func (p Project) signature(r Release, name string) Step {
	step := Step{
		Name: name, Image: goImage, Env: goEnv(nil),
		Sources: tool("ci/sign"), Without: []string{"**/*_test.go"},
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
