package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
)

// TestTestResults checks that the results name the commit and the commands that passed on it. A
// failure, and uncommitted changes, leave no results.
func TestTestResults(t *testing.T) {
	t.Parallel()
	const one, two = "1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222"
	exec := rollout.Workspace{Root: t.TempDir()}
	for i, c := range []struct {
		revision, command string
		passed            bool
		want              []string
		complete          bool
	}{
		{one, "test", true, []string{"test"}, false},
		{one, "check", true, []string{"test", "check"}, true},
		{one, "check", true, []string{"test", "check"}, true},
		{two, "check", true, []string{"check"}, false},
		{two, "test", false, nil, false},
		{two, "test", true, []string{"test"}, false},
		{two + "-changed", "check", true, nil, false},
	} {
		if err := recordTest(plan.Project{Source: "https://example.com/taskmaster", Revision: c.revision}, exec, c.command, c.passed); err != nil {
			t.Fatal(err)
		}
		got, _ := readTests(exec) // there are none after a failure
		if diff := cmp.Diff(c.want, got.PassedTests); diff != "" || got.Complete() != c.complete {
			t.Errorf("%d: %s %s: complete %v, passed (-want +got):\n%s", i, c.revision, c.command, got.Complete(), diff)
		}
		if c.want != nil && !got.Of(c.revision) {
			t.Errorf("%d: the results are of %+v, want %s", i, got.Configuration, c.revision)
		}
	}
}

// TestPublishAttestsWhatPassed checks that publish attests the results of its commit only.
func TestPublishAttestsWhatPassed(t *testing.T) {
	t.Parallel()
	const revision = "1111111111111111111111111111111111111111"
	for name, c := range map[string]struct {
		results *plan.TestResult
		want    bool
	}{
		"no tests":         {nil, false},
		"all passed":       {new(plan.NewTestResult("", revision, "check", "test")), true},
		"only check":       {new(plan.NewTestResult("", revision, "check")), false},
		"another commit's": {new(plan.NewTestResult("", strings.Repeat("2", 40), "check", "test")), false},
		"failed":           {&plan.TestResult{Result: "FAILED", Configuration: plan.NewTestResult("", revision).Configuration, PassedTests: []string{"check", "test"}}, false},
	} {
		var steps []string
		exec := rollout.Workspace{Root: t.TempDir(), Do: func(_ context.Context, p plan.Plan) error {
			for _, step := range slices.Concat(p...) {
				steps = append(steps, step.Name)
			}
			return nil
		}}
		if c.results != nil {
			raw, err := json.Marshal(c.results)
			if err != nil {
				t.Fatal(err)
			}
			if err := exec.Write(plan.TestsFile, raw); err != nil {
				t.Fatal(err)
			}
		}
		var out strings.Builder
		if err := publish(t.Context(), config{project: plan.Project{Revision: revision}, release: plan.Release{Signing: plan.WithKey}}, exec, &out); err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(steps, "attest the test results"); got != c.want {
			t.Errorf("%s: attested %v, want %v", name, got, c.want)
		}
		if told := strings.Contains(out.String(), "NOT TESTED"); told == c.want {
			t.Errorf("%s: printed %q", name, out.String())
		}
	}
}

// TestImagesKeepTheirCommit checks that deploy labels the images of an earlier publish with the commit
// that they were built from, and not with the one that is checked out.
func TestImagesKeepTheirCommit(t *testing.T) {
	t.Parallel()
	const earlier = "1111111111111111111111111111111111111111"
	c := config{root: t.TempDir(), project: plan.Project{Revision: "2222222222222222222222222222222222222222", Services: []plan.Component{{Name: "api"}}}}
	image := "ghcr.io/owner/taskmaster-api@sha256:" + strings.Repeat("1", 64)
	write := func(file, text string) {
		t.Helper()
		path := filepath.Join(c.root, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(plan.DigestFile("api"), image+"\n")
	if err := c.readImages("", false); err == nil {
		t.Error("deploys images of an unknown commit")
	}
	write(plan.RevisionFile, earlier+"\n")
	if err := c.readImages("", false); err != nil || c.revision != earlier || c.images["api"] != image {
		t.Errorf("deploys %v of %s, %v, want the commit %s", c.images, c.revision, err, earlier)
	}
}
