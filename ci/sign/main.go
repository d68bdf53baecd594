// Command sign signs images with cosign, attests where they come from, and verifies that they are signed:
//
//	sign -cosign PROGRAM@VERSION [-key env://COSIGN_KEY] sign IMAGE@DIGEST|FILE ...
//	sign -cosign PROGRAM@VERSION (-key FILE | -identity URL -issuer URL) verify IMAGE@DIGEST|FILE ...
//
//	sign -cosign PROGRAM@VERSION [-key env://COSIGN_KEY] attest NAME.digest ...
//
// To attest is to sign what NAME.provenance.json beside the file says of the image, as SLSA provenance. A FILE holds an IMAGE@DIGEST. Without -key the workflow of GitHub Actions signs that this runs in, and Sigstore's public log
// keeps its certificate; a key's signatures are told to no log. REGISTRY_USERNAME and REGISTRY_PASSWORD log in at the registry,
// and without them whatever `docker login` left.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// command returns the exit status: 0 when all images are signed or verified, 1 when one is not, 2 for arguments that are wrong.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(args, getenv, errOut)
	status := 2
	if err == nil {
		err = run(ctx, cfg, out, errOut)
		status = 1
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return status // the flag package has said it
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(errOut, "sign:", line)
	}
	return status
}
