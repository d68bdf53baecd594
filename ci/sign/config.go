package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"taskmaster/internal/cli"
)

// config holds the settings of one run.
type config struct {
	cosign                string   // package for go run
	do                    string   // sign, attest, attest-tests, verify or verify-tests
	insecure              []string // registries without TLS
	key, identity, issuer string
	username, password    string
	timeout               time.Duration
	images                []string
	// provenance holds a predicate for each image to attest.
	provenance []string
	// tests is the file of the test results.
	tests string
}

// verifies reports whether the command reads signatures, and makes none.
func (c config) verifies() bool { return strings.HasPrefix(c.do, "verify") }

// loadConfig reads the command line, the environment and the files. It reports all problems at
// once.
func loadConfig(args []string, getenv func(string) string, w io.Writer) (config, error) {
	c := config{username: getenv("REGISTRY_USERNAME"), password: getenv("REGISTRY_PASSWORD")}
	flags := flag.NewFlagSet("sign", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.cosign, "cosign", "", "package of cosign, with its version")
	flags.StringVar(&c.key, "key", "", "private key to sign with, public key to verify with: a FILE, or env://VARIABLE")
	flags.StringVar(&c.identity, "identity", "", "address of the workflow that must have signed")
	flags.StringVar(&c.issuer, "issuer", "", "issuer of that workflow's identity")
	flags.StringVar(&c.tests, "tests", "", "file of the test results to attest")
	insecure := flags.String("insecure", "", "comma-separated hosts of registries without TLS; one on this machine needs no mention")
	flags.DurationVar(&c.timeout, "timeout", 15*time.Minute, "time limit of the whole run")
	if err := cli.Parse(flags, args); err != nil {
		return c, err
	}

	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	c.insecure = strings.Split(*insecure, ",")
	if c.cosign == "" {
		problem("-cosign: name the package to run")
	}
	switch c.do = flags.Arg(0); c.do {
	case "sign", "attest":
	case "attest-tests":
		if err := checkTests(c.tests); err != nil {
			problem("-tests: %w", err)
		}
	case "verify", "verify-tests":
		if (c.key == "") == (c.identity == "" || c.issuer == "") {
			problem("%s: name the signer, by -key or by -identity and -issuer", c.do)
		}
		if c.identity != "" && !strings.HasPrefix(c.identity, "https://") {
			problem("-identity: %q is not the address of a workflow; is the remote origin set?", c.identity)
		}
	default:
		problem("unknown command %q: use sign, attest, attest-tests, verify or verify-tests", flags.Arg(0))
	}
	if (c.username == "") != (c.password == "") {
		problem("set both REGISTRY_USERNAME and REGISTRY_PASSWORD, or neither")
	}
	if flags.NArg() < 2 {
		problem("name at least one image, as NAME@sha256:... or as a file that contains it")
	}
	for _, arg := range flags.Args()[min(1, flags.NArg()):] {
		image := arg
		if !strings.Contains(arg, "@") {
			content, err := os.ReadFile(arg) //nolint:gosec // the user chooses the file
			if err != nil {
				problem("read the image's name: %w", err)
				continue
			}
			image = strings.TrimSpace(string(content))
		}
		before, isFile := strings.CutSuffix(arg, ".digest")
		if c.do == "attest" && !isFile {
			problem("%s: attest needs a file NAME.digest", arg)
		}
		c.provenance = append(c.provenance, before+".provenance.json")
		if _, err := name.NewDigest(image); err != nil {
			// A tag can be moved to another image later.
			problem("%q is not an image by digest, as NAME@sha256:...", image)
		}
		c.images = append(c.images, image)
	}
	return c, cli.Usage(errs...)
}
