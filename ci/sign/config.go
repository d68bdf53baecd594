package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// config is what the user asked for.
type config struct {
	cosign                string // a program that go run takes
	do                    string // sign, attest or verify
	insecure              bool
	key, identity, issuer string
	username, password    string
	timeout               time.Duration
	images                []string
	// provenance is a predicate for each image, to be attested.
	provenance []string
}

// errUsage is an error of the command line that the flag package has printed.
var errUsage = errors.New("usage")

// loadConfig reads the command line, the environment and the files, and reports every mistake at once.
func loadConfig(args []string, getenv func(string) string, w io.Writer) (config, error) {
	c := config{username: getenv("REGISTRY_USERNAME"), password: getenv("REGISTRY_PASSWORD")}
	flags := flag.NewFlagSet("sign", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.cosign, "cosign", "", "program to run, with its version")
	flags.StringVar(&c.key, "key", "", "private key to sign with, public key to verify with: a FILE, or env://VARIABLE")
	flags.StringVar(&c.identity, "identity", "", "address of the workflow that has to have signed")
	flags.StringVar(&c.issuer, "issuer", "", "who vouches for that workflow")
	flags.BoolVar(&c.insecure, "insecure", false, "reach the registry without TLS")
	flags.DurationVar(&c.timeout, "timeout", 15*time.Minute, "how long all of it may take")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return c, err
	} else if err != nil {
		return c, errUsage
	}

	var errs []error
	mistake := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.cosign == "" {
		mistake("-cosign: say which cosign to run")
	}
	switch c.do = flags.Arg(0); c.do {
	case "sign", "attest":
	case "verify":
		if (c.key == "") == (c.identity == "" || c.issuer == "") {
			mistake("verify: say who has to have signed, by -key or by -identity and -issuer")
		}
		if c.identity != "" && !strings.HasPrefix(c.identity, "https://") {
			mistake("-identity: %q is no address of a workflow; is the repository's own the remote origin?", c.identity)
		}
	default:
		mistake("say whether to sign, to attest or to verify, not %q", flags.Arg(0))
	}
	if (c.username == "") != (c.password == "") {
		mistake("REGISTRY_USERNAME and REGISTRY_PASSWORD go together, and one of them is not set")
	}
	if flags.NArg() < 2 {
		mistake("name at least one image, as NAME@sha256:..., or as file that holds that")
	}
	for _, arg := range flags.Args()[min(1, flags.NArg()):] {
		image := arg
		if !strings.Contains(arg, "@") {
			content, err := os.ReadFile(arg) //nolint:gosec // the user says which
			if err != nil {
				mistake("read which image: %w", err)
				continue
			}
			image = strings.TrimSpace(string(content))
		}
		before, isFile := strings.CutSuffix(arg, ".digest")
		if c.do == "attest" && !isFile {
			mistake("%s: what is attested is named by a file NAME.digest", arg)
		}
		c.provenance = append(c.provenance, before+".provenance.json")
		if _, err := name.NewDigest(image); err != nil {
			// A tag can mean another image a moment later.
			mistake("%q is not an image by digest, as NAME@sha256:...", image)
		}
		c.images = append(c.images, image)
	}
	return c, errors.Join(errs...)
}
