package plan

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

const report = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="2">
	<testsuite tests="2" failures="1" name="taskmaster/internal/outbox">
		<testcase classname="taskmaster/internal/outbox" name="TestFine" time="0.1"></testcase>
		<testcase classname="taskmaster/internal/outbox" name="TestRelay/slow" time="0.1">
			<failure message="Failed" type="">=== RUN   TestRelay/slow&#xA;    relay_test.go:7: lost an event&#xA;</failure>
		</testcase>
	</testsuite>
	<testsuite tests="1" failures="1" name="taskmaster/services/web">
		<testcase classname="taskmaster/services/web" name="TestPage" time="0.1">
			<failure message="Failed" type="">page_test.go:3: status 500</failure>
		</testcase>
	</testsuite>
</testsuites>`

// TestFailedTests checks that a failed test suite is reported by its failed tests.
func TestFailedTests(t *testing.T) {
	t.Parallel()
	suite := Test(project())[0][0]
	read := func(file string) ([]byte, error) {
		if file != JUnit {
			return nil, os.ErrNotExist
		}
		return []byte(report), nil
	}
	got := suite.Failure("go: downloading example.com/module v1.0.0\nmake: *** [Makefile:60: test] Error 1", errors.New("exit status 2"), read)
	want := "FAIL taskmaster/internal/outbox TestRelay/slow\n    === RUN   TestRelay/slow\n        relay_test.go:7: lost an event\n" +
		"FAIL taskmaster/services/web TestPage\n    page_test.go:3: status 500"
	if got.Output != want {
		t.Errorf("output is\n%s\nwant\n%s", got.Output, want)
	}
	// Without a report, or with a broken one, the output is that of the command.
	for _, raw := range []string{"", "<testsuites>"} {
		got := suite.Failure("no space left", errors.New("exit status 2"), func(string) ([]byte, error) { return []byte(raw), nil })
		if got.Output != "no space left" {
			t.Errorf("output of %q is %s", raw, got.Output)
		}
	}
	// Many failed tests fit into the lines that are shown.
	var many strings.Builder
	many.WriteString("<testsuites><testsuite name=\"p\">")
	for i := range 50 {
		fmt.Fprintf(&many, "<testcase name=\"Test%d\"><failure>%s</failure></testcase>", i, strings.Repeat("line\n", 40))
	}
	many.WriteString("</testsuite></testsuites>")
	text := failedTests([]byte(many.String()))
	if n := strings.Count(text, "\n") + 1; n > lastLines+1 || !strings.Contains(text, "FAIL p Test0\n") || !strings.HasSuffix(text, "... and 40 more failed tests") {
		t.Errorf("%d lines:\n%s", n, text)
	}
}

// TestLast checks that download lines are left out and the names of failed tests stay.
func TestLast(t *testing.T) {
	t.Parallel()
	output := "=== RUN TestA\n--- FAIL: TestA (0.1s)\n" + strings.Repeat("a line\n", 40) + "FAIL taskmaster/tests/scenarios\n" +
		strings.Repeat("go: downloading example.com/module v1.0.0\n", 40)
	got := strings.Split(Last(output), "\n")
	if len(got) != lastLines+1 || got[0] != "--- FAIL: TestA (0.1s)" || got[lastLines] != "FAIL taskmaster/tests/scenarios" {
		t.Errorf("last lines are\n%s", strings.Join(got, "\n"))
	}
}
