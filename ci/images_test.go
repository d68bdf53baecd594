package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskmaster/ci/plan"
)

// TestGuideNamesTheImages checks that the guide and the stacks name images as the pipeline does.
func TestGuideNamesTheImages(t *testing.T) {
	t.Parallel()
	stacks, err := filepath.Glob("../stacks/*.yaml")
	if err != nil || len(stacks) == 0 {
		t.Fatalf("find the stacks: %v", err)
	}
	want := map[string]string{"../infra/README.md": plan.ImageName("REGISTRY", "SERVICE")}
	for _, file := range stacks {
		want[file] = plan.ImageName("REGISTRY", "api") + "@sha256:DIGEST"
	}
	for file, name := range want {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), name) {
			t.Errorf("%s does not name the image %s", file, name)
		}
	}
}

// TestGuideInitialisesEveryStack checks that the section of each cloud creates its stack, after the
// passphrase has been made.
func TestGuideInitialisesEveryStack(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../infra/README.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	for section, stack := range map[string]string{
		"## Oracle Cloud (OKE)": "staging", "## Azure (AKS)": "aks", "## Google Cloud (GKE)": "prod", "## An existing cluster": "local",
	} {
		_, after, _ := strings.Cut(guide, section)
		body, _, _ := strings.Cut(after, "\n## ")
		if !strings.Contains(body, "pulumi stack init "+stack) {
			t.Errorf("%s does not create the stack %s", section, stack)
		}
	}
	before, _, _ := strings.Cut(guide, "    pulumi stack init ")
	if !strings.Contains(before, "> ~/.taskmaster-passphrase") {
		t.Error("a stack is created before the passphrase is in its file")
	}
}
