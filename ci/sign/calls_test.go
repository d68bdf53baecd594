package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
