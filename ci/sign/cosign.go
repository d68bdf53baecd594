package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/name"

	"taskmaster/ci/plan"
)

// stopTimeout is how long cosign may take to stop after an interrupt. Then it is killed.
const stopTimeout = 10 * time.Second

// run calls cosign for all images.
func run(ctx context.Context, cfg config, out, errOut io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	env := os.Environ()
	if cfg.username != "" {
		login, err := cfg.login()
		if err != nil {
			return fmt.Errorf("log in at the registry: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(login)) }()
		env = append(env, "DOCKER_CONFIG="+login)
	}
	cosign := func(args []string, out io.Writer) error {
		cmd := exec.CommandContext(ctx, "go", append([]string{"run", cfg.cosign}, args...)...) //nolint:gosec // the plan chooses the program
		cmd.Stdout, cmd.Stderr = out, errOut
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = stopTimeout
		cmd.Env = env
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("cosign: %w", errors.Join(err, ctx.Err()))
		}
		return nil
	}
	if cfg.do == "verify-tests" {
		return cfg.verifyTests(cosign, out)
	}
	for _, args := range cfg.calls() {
		if err := cosign(args, errOut); err != nil {
			return err
		}
	}
	done := map[string]string{
		"sign": "signed", "attest": "attested the provenance of", "attest-tests": "attested the test results of", "verify": "verified",
	}[cfg.do]
	for _, image := range cfg.images {
		fmt.Fprintln(out, done, image)
	}
	return nil
}

// calls returns the arguments of cosign's calls. A call without TLS has only images at registries that
// were named as such.
func (c config) calls() [][]string {
	images := map[bool][]string{}
	var calls [][]string
	for i, image := range c.images {
		digest, err := name.NewDigest(image)
		insecure := err == nil && slices.Contains(c.insecure, digest.Context().RegistryStr())
		switch c.do {
		// cosign attests one image per call.
		case "attest":
			calls = append(calls, append(c.arguments(insecure), "--type", "slsaprovenance1", "--predicate", c.provenance[i], image))
			continue
		case "attest-tests":
			calls = append(calls, append(c.arguments(insecure), "--type", plan.TestResultType, "--predicate", c.tests, image))
			continue
		case "verify-tests":
			// Each image has attestations of its own.
			calls = append(calls, append(c.arguments(insecure), image))
			continue
		}
		images[insecure] = append(images[insecure], image)
	}
	for _, insecure := range []bool{false, true} {
		if len(images[insecure]) > 0 {
			calls = append(calls, append(c.arguments(insecure), images[insecure]...))
		}
	}
	return calls
}

// arguments returns cosign's arguments before the images.
func (c config) arguments(insecure bool) []string {
	verify := c.verifies()
	var args []string
	switch c.do {
	case "verify":
		args = []string{"verify", "--output", "text"}
	case "verify-tests":
		args = []string{"verify-attestation", "--type", plan.TestResultType}
	case "attest-tests":
		args = []string{"attest", "--yes"}
	default:
		args = []string{c.do, "--yes"}
	}
	if insecure {
		args = append(args, "--allow-http-registry")
	}
	switch {
	case c.key == "" && verify:
		args = append(args, "--certificate-identity", c.identity, "--certificate-oidc-issuer", c.issuer)
	case c.key != "" && verify:
		// The key proves the signature by itself. No transparency log has an entry for it.
		args = append(args, "--key", c.key, "--insecure-ignore-tlog")
	case c.key != "":
		args = append(args, "--key", c.key, "--use-signing-config=false", "--tlog-upload=false")
	}
	return args
}

// login writes the credentials in Docker's format into a new folder that only this user can read.
// cosign takes passwords from there or from its arguments. Arguments are visible to all users of
// the machine.
func (c config) login() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "taskmaster-login-"); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	file := configfile.New(filepath.Join(dir, "config.json"))
	for _, image := range c.images {
		digest, err := name.NewDigest(image)
		if err != nil {
			return "", err
		}
		registry := digest.Context().RegistryStr()
		if registry == name.DefaultRegistry {
			registry = "https://index.docker.io/v1/" // Docker's name of Docker Hub in this file
		}
		file.AuthConfigs[registry] = types.AuthConfig{Username: c.username, Password: c.password, ServerAddress: registry}
	}
	return dir, file.Save()
}
