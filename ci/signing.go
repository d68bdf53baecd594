package main

import (
	"errors"
	"fmt"

	"taskmaster/ci/plan"
)

// chooseSigning returns the signer of images. That is the one named by -sign, or else the key if
// there is one, or else the workflow. Publishing requires the signer's secrets. Verifying needs
// only the public key.
func chooseSigning(named string, r plan.Release, publishes bool, getenv func(string) string) (plan.Signing, error) {
	key := getenv("COSIGN_KEY") != ""
	signing := plan.Signing(named)
	if named == "" {
		signing = plan.Keyless
		if key || r.PublicKey != "" {
			signing = plan.WithKey
		}
	}
	switch signing {
	case plan.Unsigned:
		return signing, nil
	case plan.Keyless:
		if publishes && getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN") == "" {
			return signing, errors.New("a GitHub Actions job needs the permission id-token: write to sign; elsewhere set COSIGN_KEY and COSIGN_PASSWORD " +
				"(cosign generate-key-pair), or use -sign none")
		}
		return signing, nil
	case plan.WithKey:
		if publishes && (!key || getenv("COSIGN_PASSWORD") == "") {
			return signing, errors.New("set COSIGN_KEY to the private key, and COSIGN_PASSWORD to its password (cosign generate-key-pair)")
		}
		return signing, nil
	default:
		return signing, fmt.Errorf("unknown signer %q: use keyless, key or none", named)
	}
}
