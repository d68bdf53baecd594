package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNothingIsPublishedUntested checks that main publishes only after all suites, and deploys only
// published images. GitHub would run a job after a failed one if its condition did not ask.
func TestNothingIsPublishedUntested(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	jobs := all[deployWorkflow].Jobs
	for name, want := range map[string]job{
		"suites": {Needs: needs{"tested"}, If: "needs.tested.outputs.passed != 'true'"},
		"publish": {Needs: needs{"tested", "suites"}, If: "!cancelled() && github.event_name == 'push' && " +
			"(needs.suites.result == 'success' || needs.suites.result == 'skipped' && needs.tested.outputs.passed == 'true')"},
		"untested": {Needs: needs{"suites"}, If: "${{ failure() && github.event_name == 'push' }}"},
		"staging":  {Needs: needs{"publish"}, If: "${{ !cancelled() && needs.publish.result == 'success' && vars.DEPLOY == 'true' }}"},
		"prod":     {Needs: needs{"staging"}, If: "${{ !cancelled() && needs.staging.result == 'success' && vars.PROD_NEEDS_APPROVAL == 'true' }}"},
	} {
		if got := jobs[name]; !slices.Equal(got.Needs, want.Needs) || got.If != want.If {
			t.Errorf("%s needs %q if %q, want %q if %q", name, got.Needs, got.If, want.Needs, want.If)
		}
	}
	// The results are read before they are attested.
	publish := jobs["publish"].Steps
	results := slices.IndexFunc(publish, func(s workflowStep) bool { return s.Run == `go run ./ci/tested -run "$RUN"` })
	published := slices.IndexFunc(publish, func(s workflowStep) bool { return strings.HasSuffix(s.Run, " publish") })
	if results < 0 || results > published || publish[results].Env["RUN"] != "${{ needs.tested.outputs.run || github.run_id }}" {
		t.Errorf("publish does not read the results of the suites first: step %d of %+v", results, publish)
	}
	for file, name := range map[string]string{deployWorkflow: "suites", ".github/workflows/pull-request.yml": "suites"} {
		if j := all[file].Jobs[name]; j.Uses != "./"+suitesWorkflow {
			t.Errorf("%s: %s calls %q", file, name, j.Uses)
		}
	}
}

// notOnRunners are the stages of .ci/run that are no job of their own, with the reason.
var notOnRunners = map[string]string{
	"build":        "a part of every suite",
	"lint":         "go run ./ci check",
	"vuln":         "go run ./ci check",
	"test":         "go run ./ci test",
	"test-brokers": "go run ./ci test for Kafka, test-on-redis and test-on-rabbitmq for the others",
	"provider":     "only for test-cluster",
	"test-cluster": "needs a Kubernetes cluster",
}

// TestSuitesAreComplete checks that GitHub runs every suite that .ci/run runs.
func TestSuitesAreComplete(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../.ci/run")
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, m := range regexp.MustCompile(`make (?:-\S+ )*([a-z][a-z-]*)`).FindAllStringSubmatch(string(script), -1) {
		targets = append(targets, m[1])
	}
	if len(targets) < 10 {
		t.Fatalf("found only %v", targets)
	}
	for _, s := range workflows(t)[suitesWorkflow].Jobs["suite"].Strategy.Matrix.Include {
		targets = slices.DeleteFunc(targets, func(target string) bool { return target == s.Target })
	}
	for _, target := range targets {
		if notOnRunners[target] == "" && !strings.HasSuffix(target, "_") {
			t.Errorf("%s does not run %s", suitesWorkflow, target)
		}
	}
}

// TestTableOfMinutesCountsTheJobs checks that the page which says what a push costs knows every job.
func TestTableOfMinutesCountsTheJobs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	all := workflows(t)
	for row, file := range map[string]string{"suites, with warm caches": suitesWorkflow, "suites, with empty caches": suitesWorkflow, "`weekly.yml`": weeklyWorkflow} {
		jobs := 0
		for _, j := range all[file].Jobs {
			jobs += max(1, len(j.Strategy.Matrix.Include))
		}
		if want := fmt.Sprintf("| %s | %d | ", row, jobs); !strings.Contains(string(page), want) {
			t.Errorf("README.md has no row %q", want)
		}
	}
}
