package main

import (
	"errors"
	"fmt"

	"taskmaster/ci/plan"
)

// whoSigns returns who signs images: the one that the user names, or the key if there is one, or else the workflow. Whoever
// publishes needs what that signs with; to verify takes only the public half.
func whoSigns(named string, r plan.Release, publishes bool, getenv func(string) string) (plan.Signing, error) {
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
			return signing, errors.New("a job of GitHub Actions needs the permission id-token: write to sign; elsewhere set COSIGN_KEY and COSIGN_PASSWORD " +
				"(cosign generate-key-pair), or use -sign none")
		}
		return signing, nil
	case plan.WithKey:
		if publishes && (!key || getenv("COSIGN_PASSWORD") == "") {
			return signing, errors.New("set COSIGN_KEY to the private key, and COSIGN_PASSWORD to its password (cosign generate-key-pair)")
		}
		return signing, nil
	default:
		return signing, fmt.Errorf("%q signs nothing; it is keyless, key or none", named)
	}
}
