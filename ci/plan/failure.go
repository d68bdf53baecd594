package plan

import (
	"encoding/xml"
	"fmt"
	"strings"
)

const (
	// lastLines is the number of lines of a failed command that are repeated.
	lastLines = 30
	// shownTests is the number of failed tests that are shown with their output.
	shownTests = 10
)

// Failure returns the error of a failed command. If the step has left a JUnit report, its Output
// shows the failed tests instead of the command's output.
func (s Step) Failure(output string, err error, read func(file string) ([]byte, error)) *StepError {
	failure := &StepError{Step: s.Name, Output: strings.TrimSpace(output), Err: err}
	for _, report := range s.Reports {
		if report != JUnit {
			continue
		}
		raw, err := read(report)
		if err != nil {
			continue // the command failed before its first test
		}
		if tests := failedTests(raw); tests != "" {
			failure.Output = tests
		}
	}
	return failure
}

// failedTests returns the names of the failed tests of a JUnit report, each with the last lines of
// its output. It returns "" if there is none.
func failedTests(report []byte) string {
	var parsed struct {
		Packages []struct {
			Name  string `xml:"name,attr"`
			Tests []struct {
				Name    string  `xml:"name,attr"`
				Failure *string `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if xml.Unmarshal(report, &parsed) != nil {
		return "" // the command was killed while it wrote the report
	}
	var names, outputs []string
	for _, p := range parsed.Packages {
		for _, test := range p.Tests {
			if test.Failure != nil {
				names, outputs = append(names, p.Name+" "+test.Name), append(outputs, *test.Failure)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	var text strings.Builder
	shown := min(len(names), shownTests)
	for i := range shown {
		fmt.Fprintf(&text, "FAIL %s\n", names[i])
		lines := strings.Split(strings.TrimSpace(outputs[i]), "\n")
		for _, line := range lines[max(0, len(lines)-lastLines/shown+1):] {
			fmt.Fprintf(&text, "    %s\n", line)
		}
	}
	if more := len(names) - shown; more > 0 {
		fmt.Fprintf(&text, "... and %d more failed tests\n", more)
	}
	return strings.TrimSpace(text.String())
}

// Last returns the last lines of a failed command's output, after the names of failed tests that
// are not among them. It leaves out the lines that go prints for each downloaded module.
func Last(output string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(output), "\n") {
		if !strings.HasPrefix(line, "go: downloading ") {
			lines = append(lines, line)
		}
	}
	tail := max(0, len(lines)-lastLines)
	var shown []string
	for _, line := range lines[:tail] {
		if strings.HasPrefix(strings.TrimSpace(line), "--- FAIL: ") {
			shown = append(shown, line)
		}
	}
	return strings.Join(append(shown, lines[tail:]...), "\n")
}
