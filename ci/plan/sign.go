package plan

import "slices"

// cosign signs images, and verifies that they are.
const cosign = "github.com/sigstore/cosign/v3/cmd/cosign@v3.0.6"

// Signing is who signs images.
type Signing string

// Those who may sign.
const (
	// Unsigned is for registries of one's own machine: nothing is signed and nothing verified.
	Unsigned Signing = "none"
	// Keyless is the workflow of GitHub Actions that publishes: Sigstore certifies its identity, and a public log keeps that.
	Keyless Signing = "keyless"
	// WithKey is who has the secret COSIGN_KEY, and its COSIGN_PASSWORD. No log is told.
	WithKey Signing = "key"
)

const (
	// actionsIssuer vouches for workflows, and publisher is the one that signs, on the branch that is released.
	actionsIssuer = "https://token.actions.githubusercontent.com"
	publisher     = "/.github/workflows/deploy.yaml@refs/heads/main"

	cosignKey      = "COSIGN_KEY"
	cosignPassword = "COSIGN_PASSWORD"
	// GitHub Actions gives both to a job that may write id-tokens.
	idTokenURL   = "ACTIONS_ID_TOKEN_REQUEST_URL"
	idTokenToken = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
)

// signers are the secrets that sign.
var signers = []string{cosignKey, cosignPassword, idTokenURL, idTokenToken}

// sign signs what the stage before left the digests of, and attests their provenance; it is empty if nobody signs.
func (p Project) sign(r Release) Stage {
	step := p.signature(r, "sign the images")
	switch r.Signing {
	case Keyless:
		step.Secrets = append(step.Secrets, idTokenURL, idTokenToken)
	case WithKey:
		step.Args = append(step.Args, "-key", "env://"+cosignKey)
		step.Secrets = append(step.Secrets, cosignKey, cosignPassword)
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

// Verify makes sure that images, each by NAME@DIGEST, were signed by this repository's own workflow, or by the key of which
// r.PublicKey is the file. It is empty if nobody signs.
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
		Name: name, Image: p.goImage(), Env: goEnv(nil),
		Sources: append(append([]string{}, modules...), "ci/sign/*.go"), Without: []string{"**/*_test.go"},
		Args: []string{"go", "run", "./ci/sign", "-cosign", cosign},
	}
	if r.Insecure {
		step.Args = append(step.Args, "-insecure")
	}
	if r.Username != "" {
		step.Env["REGISTRY_USERNAME"] = r.Username
		step.Secrets = []string{registryPassword}
	}
	return step
}
