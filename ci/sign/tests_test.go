//go:build signing

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"taskmaster/ci/plan"
)

// results writes test results into a file.
func results(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "tests.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// attestByHand attests a predicate that the program refuses to attest.
func attestByHand(t *testing.T, image, predicate string) {
	t.Helper()
	cmd := exec.Command("go", "run", cosign, "attest", "--yes", "--allow-http-registry", "--key", "env://COSIGN_KEY", "--use-signing-config=false",
		"--tlog-upload=false", "--type", plan.TestResultType, "--predicate", results(t, predicate), image)
	cmd.Env = append(os.Environ(), "DOCKER_CONFIG="+login(t, image))
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

// manifest is a manifest as it is pushed.
type manifest []byte

// RawManifest returns the content.
func (m manifest) RawManifest() ([]byte, error) { return m, nil }

// MediaType returns the type of an artifact's manifest.
func (manifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// copyAttestations attaches the attestations of an image to another one of the same repository.
func copyAttestations(t *testing.T, from, to string) {
	t.Helper()
	login := remote.WithAuth(&authn.Basic{Username: "robot", Password: planted})
	source, target := digestOf(t, from), digestOf(t, to)
	subject, err := remote.Head(target, login)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Referrers(source, login)
	if err != nil {
		t.Fatal(err)
	}
	referrers, err := index.IndexManifest()
	if err != nil || len(referrers.Manifests) == 0 {
		t.Fatalf("%s has %v, %v", from, referrers, err)
	}
	for _, referrer := range referrers.Manifests {
		found, err := remote.Get(source.Context().Digest(referrer.Digest.String()), login)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(found.Manifest, &fields); err != nil {
			t.Fatal(err)
		}
		fields["subject"] = subject
		raw, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Put(source.Context().Digest(fmt.Sprintf("sha256:%x", sha256.Sum256(raw))), manifest(raw), login); err != nil {
			t.Fatal(err)
		}
	}
}

func digestOf(t *testing.T, image string) name.Digest {
	t.Helper()
	digest, err := name.NewDigest(image, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// TestUntestedImagesAreRefused checks that only an image whose tests passed, by the word of the signer,
// is verified. The message names the way out.
func TestUntestedImagesAreRefused(t *testing.T) {
	t.Setenv("COSIGN_PASSWORD", planted)
	private, public := keyPair(t)
	foreign, _ := keyPair(t)
	host := serve(t)
	const (
		commit = `"configuration": [{"digest": {"gitCommit": "1111111111111111111111111111111111111111"}}]`
		passed = `{"result": "PASSED", ` + commit + `, "passedTests": ["check", "test"]}`
		failed = `{"result": "FAILED", ` + commit + `, "passedTests": ["check", "test"], "failedTests": ["test-browser"], "url": "https://example.com/run"}`
		part   = `{"result": "PASSED", ` + commit + `, "passedTests": ["check"]}`
	)
	t.Setenv("COSIGN_KEY", private)
	tested, without := push(t, host, "api"), push(t, host, "api")
	attest := func(text, image string) (status int, output string) {
		return sign(t, planted, "-key", "env://COSIGN_KEY", "-tests", results(t, text), "attest-tests", image)
	}
	for _, text := range []string{failed, part, "", "{}"} {
		if status, output := attest(text, without); status != 2 || !strings.Contains(output, "-tests: ") {
			t.Errorf("attested %s: status %d: %s", text, status, output)
		}
	}
	if status, output := attest(passed, tested); status != 0 || !strings.Contains(output, "attested the test results of "+tested) {
		t.Fatalf("status %d: %s", status, output)
	}
	if status, output := sign(t, planted, "-key", public, "verify-tests", tested); status != 0 || !strings.Contains(output, "verified the test results of "+tested) {
		t.Errorf("status %d: %s", status, output)
	}

	failing, twice, partly, copied, foreigners := push(t, host, "api"), push(t, host, "api"), push(t, host, "api"), push(t, host, "api"), push(t, host, "api")
	attestByHand(t, failing, failed)
	attestByHand(t, partly, part)
	attestByHand(t, twice, failed)
	if status, output := attest(passed, twice); status != 0 {
		t.Errorf("status %d: %s", status, output)
	}
	copyAttestations(t, tested, copied)
	t.Setenv("COSIGN_KEY", foreign)
	if status, output := attest(passed, foreigners); status != 0 {
		t.Errorf("status %d: %s", status, output)
	}
	for image, want := range map[string]string{
		without:    " has no test results of the signer: cosign: ",
		failing:    ": its tests FAILED: test-browser https://example.com/run",
		twice:      ": its tests FAILED: ",
		partly:     ": its test results lack check or test: [check]",
		copied:     " has no test results of the signer: cosign: ",
		foreigners: " has no test results of the signer: cosign: ",
	} {
		status, output := sign(t, planted, "-key", public, "verify-tests", tested, image)
		if status != 1 || !strings.Contains(output, image+want) || strings.Contains(output, "verified the test results of "+image) {
			t.Errorf("status %d, want %s%s: %s", status, image, want, output)
		}
		if !strings.Contains(output, "or deploy it with -untested REASON") {
			t.Errorf("no way out is named: %s", output)
		}
	}
}
