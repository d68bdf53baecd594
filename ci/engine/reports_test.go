package engine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskmaster/ci/plan"
)

// TestReports checks that the reports of a failed test suite are fetched, and that its failed tests
// are named. A report that an earlier run left is not taken for one of this run.
func TestReports(t *testing.T) {
	t.Parallel()
	const junit = `<testsuites><testsuite name="taskmaster/internal/task"><testcase name="TestNext"><failure>a wrong day</failure></testcase></testsuite></testsuites>`
	suite := plan.Test(project())[0]
	for name, test := range map[string]struct {
		written bool
		want    string
	}{
		"tests fail":  {true, "FAIL taskmaster/internal/task TestNext\n    a wrong day"},
		"build fails": {false, "go: downloading example.com/module v1.0.0"},
	} {
		root := t.TempDir()
		file := filepath.Join(root, filepath.FromSlash(plan.JUnit))
		write := func(text string) {
			if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(strings.ReplaceAll(junit, "TestNext", "TestOfAnEarlierRun"))
		s := &session{status: 2, wrote: func(query string) {
			if test.written && strings.Contains(query, "export(path: \""+file) {
				write(junit)
			}
		}}
		_, err := runIn(t, root, s, plan.Plan{suite})
		failure, ok := errors.AsType[*plan.StepError](err)
		if !ok || !strings.Contains(failure.Error(), "tests: exit status 2") {
			t.Fatalf("%s: failed with %v", name, err)
		}
		if !strings.HasSuffix(failure.Output, test.want) {
			t.Errorf("%s: output is\n%s\nwant\n%s", name, failure.Output, test.want)
		}
		queries := strings.Join(s.queries, "")
		for _, want := range []string{"expect: ANY", plan.JUnit + `")`, plan.Coverage + `")`} {
			if !strings.Contains(queries, want) {
				t.Errorf("%s: %s is missing in the queries:\n%s", name, want, queries)
			}
		}
	}
}
