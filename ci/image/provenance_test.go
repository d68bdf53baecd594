package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestPredicate checks that the predicate names the commit and the bills of materials in the
// image's archive.
func TestPredicate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, file := filepath.Join(dir, "web.tar"), filepath.Join(dir, "web.provenance.json")
	if status, _, errs := image(t, nil, imageArguments("example.com/taskmaster-web", "-out", out, "-provenance", file)...); status != 0 {
		t.Fatal(errs)
	}
	var p predicate
	if err := json.Unmarshal(read(t, file), &p); err != nil {
		t.Fatal(err)
	}
	if from := p.BuildDefinition.ResolvedDependencies; len(from) != 1 || from[0].Digest["gitCommit"] != commit {
		t.Errorf("dependencies are %+v", from)
	}
	if len(p.RunDetails.Byproducts) != 2 {
		t.Fatalf("byproducts are %+v", p.RunDetails.Byproducts)
	}
	archive := unpack(t, out)
	for _, bom := range p.RunDetails.Byproducts {
		if _, err := os.Stat(filepath.Join(archive, "blobs", "sha256", bom.Digest["sha256"])); err != nil {
			t.Errorf("%s: %v", bom.Name, err)
		}
	}
}
