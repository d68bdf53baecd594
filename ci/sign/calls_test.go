package main

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"taskmaster/ci/plan"
)

// TestInsecureCalls checks that cosign is allowed to leave out TLS only for images at the named
// registries.
func TestInsecureCalls(t *testing.T) {
	t.Parallel()
	digest := "@sha256:" + strings.Repeat("0", 64)
	plain, secure := "registry.example:5000/web"+digest, "ghcr.io/owner/api"+digest
	c := config{do: "verify", key: "key.pub", insecure: []string{"registry.example:5000"}, images: []string{plain, secure}}
	verify := []string{"verify", "--output", "text"}
	key := []string{"--key", "key.pub", "--insecure-ignore-tlog"}
	want := [][]string{
		slices.Concat(verify, key, []string{secure}),
		slices.Concat(verify, []string{"--allow-http-registry"}, key, []string{plain}),
	}
	if diff := cmp.Diff(want, c.calls()); diff != "" {
		t.Errorf("cosign's calls differ (-want +got):\n%s", diff)
	}
	c.do, c.key, c.provenance = "attest", "env://KEY", []string{"web.json", "api.json"}
	for i, call := range c.calls() {
		if got := strings.Contains(strings.Join(call, " "), "--allow-http-registry"); got != (i == 0) {
			t.Errorf("the call %v leaves out TLS: %v", call, got)
		}
	}
}

// TestStatements checks the reading of verified statements. cosign compares the digest as well.
func TestStatements(t *testing.T) {
	t.Parallel()
	line := func(kind, digest, result string) string {
		payload := fmt.Sprintf(`{"predicateType": %q, "subject": [{"digest": {"sha256": %q}}], "predicate": {"result": %q, "passedTests": ["test", "check"]}}`, kind, digest, result)
		return fmt.Sprintf(`{"payload": %q}`, base64.StdEncoding.EncodeToString([]byte(payload))) + "\n"
	}
	ours, other := strings.Repeat("1", 64), strings.Repeat("2", 64)
	const provenance = "https://slsa.dev/provenance/v1"
	for lines, want := range map[string]string{
		line(plan.TestResultType, ours, "PASSED"):                              "",
		line(provenance, ours, "") + line(plan.TestResultType, ours, "PASSED"): "",
		"":                               "it has no test results",
		line(provenance, ours, "PASSED"): "it has no test results",
		line(plan.TestResultType, other, "PASSED"):                                            "its test results are about another image",
		line(plan.TestResultType, ours, "WARNED"):                                             "its tests WARNED",
		line(plan.TestResultType, ours, "PASSED") + line(plan.TestResultType, ours, "FAILED"): "its tests FAILED",
		"text\n": "read the test results",
	} {
		err := checkStatements("ghcr.io/owner/api@sha256:"+ours, []byte(lines))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", lines, err, want)
		}
	}
}
