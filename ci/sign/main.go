// Command sign signs images with cosign, attests their provenance and test results, and verifies their
// signatures and test results:
//
//	sign -cosign PROGRAM@VERSION [-key env://COSIGN_KEY] sign IMAGE@DIGEST|FILE ...
//	sign -cosign PROGRAM@VERSION [-key env://COSIGN_KEY] attest NAME.digest ...
//	sign -cosign PROGRAM@VERSION [-key env://COSIGN_KEY] -tests JSON attest-tests IMAGE@DIGEST|FILE ...
//	sign -cosign PROGRAM@VERSION (-key FILE | -identity URL -issuer URL) verify|verify-tests IMAGE@DIGEST|FILE ...
//
// A FILE contains an IMAGE@DIGEST. attest signs the SLSA provenance in NAME.provenance.json beside
// the file. attest-tests signs the same test results for all images (tests.go). Without -key, the GitHub Actions workflow of this job signs, and Sigstore's public log
// records its certificate. Signatures by key are not logged. REGISTRY_USERNAME and
// REGISTRY_PASSWORD log in at the registry. Without them, the credentials of `docker login` are
// used.
package main

import (
	"context"
	"io"
	"os"

	"taskmaster/internal/cli"
)

func main() {
	cli.Main(func(ctx context.Context) int { return command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr) })
}

// command returns the exit status: 0 if all images are signed or verified, 1 if one is not, 2 for
// invalid arguments.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(args, getenv, errOut)
	if err == nil {
		err = run(ctx, cfg, out, errOut)
	}
	return cli.Status(errOut, "sign", err)
}
