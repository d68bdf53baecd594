//go:build clouds

package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"taskmaster/ci/plan"
	"taskmaster/infra/config"
)

// TestPipelineSeesTheProgram checks that the pipeline's container gets all sources of the program.
func TestPipelineSeesTheProgram(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for imported := range strings.SplitSeq(string(out), "\n") {
		folder, ours := strings.CutPrefix(imported, "taskmaster/")
		if ours && !slices.ContainsFunc(plan.Infra, func(seen string) bool { return folder == seen || strings.HasPrefix(folder, seen+"/") }) {
			t.Errorf("the program is built from %s, but the pipeline passes only %v", folder, plan.Infra)
		}
	}
}

// asked records the requested configuration keys.
type asked map[string]bool

func (a asked) GetConfig(key string) (string, bool) { a[key] = true; return "", false }
func (asked) IsConfigSecret(string) bool            { return false }

// TestPipelineConfigures checks that the program reads every setting that the pipeline writes.
func TestPipelineConfigures(t *testing.T) {
	t.Parallel()
	a := asked{}
	machine := config.Machine{Getenv: func(string) string { return "" }, ReadFile: func(string) ([]byte, error) { return nil, nil }}
	if _, err := config.Load(a, "taskmaster", machine); err == nil {
		t.Fatal("loaded an empty configuration")
	}
	d := plan.Deployment{Number: 1, Revision: "0123", Images: map[string]string{"api": "registry.example.com/api@sha256:0"}}
	written := 0
	for _, stage := range plan.Rollout(plan.Project{}, plan.Stack{Name: "staging"}, plan.Record{}, d, "") {
		for _, step := range stage {
			for i, argument := range step.Args {
				if argument != "--config" {
					continue
				}
				written++
				if section, _, _ := strings.Cut(step.Args[i+1], "."); !a["taskmaster:"+section] {
					t.Errorf("the pipeline writes %s, which the program does not read", step.Args[i+1])
				}
			}
		}
	}
	if written != 3 {
		t.Errorf("%d settings are written, want image, number and revision", written)
	}
}
