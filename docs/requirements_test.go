package docs

import (
	"go/build/constraint"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// requirements is the table of the specification.
const requirements = "docs/requirements.md"

// TestRequirementsAreShown fails when a requirement names a test that does not exist, that asserts
// nothing, or that no stage of .ci/run runs. A requirement without a test names the nearest one.
func TestRequirementsAreShown(t *testing.T) {
	t.Parallel()
	suites := readSuites(t)
	count := 0
	for line := range strings.Lines(readText(t, requirements)) {
		id, shown, ok := requirement(line)
		if !ok {
			continue
		}
		count++
		if problem := suites.check(shown); problem != "" {
			t.Errorf("%s: %s: %s", requirements, id, problem)
		}
	}
	// Fewer would mean that the table is not found any more.
	if count < 70 {
		t.Errorf("found %d requirements, there are at least 70", count)
	}
}

// requirement returns the id of a line of the table, and the cell with its tests.
func requirement(line string) (id, shown string, ok bool) {
	cells := strings.Split(strings.TrimSpace(line), "|")
	if len(cells) != 5 || !regexp.MustCompile(`^ (?:US|E|FR|NFR)-?\d`).MatchString(cells[1]) {
		return "", "", false
	}
	return strings.TrimSpace(cells[1]), cells[3], true
}

// suites are the tests of the repository, and the targets of make that .ci/run runs.
type suites struct {
	// constraints has the build constraint of each test, such as "dapr TestSubscriptions". It is nil
	// if the test has none.
	constraints map[string]constraint.Expr
	assert      map[string]bool // the tests that can fail
	targets     []target
	stages      []string
}

// target is a target of make. tests are its commands that run tests.
type target struct {
	name  string
	tests []string
}

var (
	testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	recipe       = regexp.MustCompile(`(?m)^([a-z][\w%-]*):.*\n((?:(?:\t.*|if.*|endif|else|\s*)\n)*)`)
	stageOfRun   = regexp.MustCompile(`make (?:-\S+ )*([a-z][a-z-]*)`)
	shownTest    = regexp.MustCompile("`([\\w./-]+) (Test\\w+|[a-z][a-z-]*)`")
	tagsOfTest   = regexp.MustCompile(`-tags (\S+)`)
)

func readSuites(t *testing.T) suites {
	t.Helper()
	s := suites{constraints: map[string]constraint.Expr{}, assert: testsThatAssert(t)}
	for _, name := range trackedFiles(t) {
		if !strings.HasSuffix(name, "_test.go") {
			continue
		}
		source := readText(t, name)
		var expr constraint.Expr
		if first, _, _ := strings.Cut(source, "\n"); constraint.IsGoBuild(first) {
			var err error
			if expr, err = constraint.Parse(first); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		for _, m := range testFunction.FindAllStringSubmatch(source, -1) {
			s.constraints[path.Dir(name)+" "+m[1]] = expr
		}
	}
	for _, m := range recipe.FindAllStringSubmatch(readText(t, "Makefile"), -1) {
		next := target{name: m[1]}
		for line := range strings.Lines(m[2]) {
			if strings.Contains(line, "go test") || strings.Contains(line, "$(GO_TEST)") || strings.Contains(line, "$(REPORTED)") {
				next.tests = append(next.tests, strings.TrimSpace(line))
			}
		}
		s.targets = append(s.targets, next)
	}
	for _, m := range stageOfRun.FindAllStringSubmatch(readText(t, ".ci/run"), -1) {
		s.stages = append(s.stages, m[1])
	}
	return s
}

// check returns a problem of the tests that a requirement names, or "".
func (s suites) check(shown string) string {
	named := shownTest.FindAllStringSubmatch(shown, -1)
	if len(named) == 0 {
		return "it names no test"
	}
	for _, m := range named {
		folder, test := m[1], m[2]
		if folder == "make" {
			if !slices.Contains(s.stages, test) {
				return ".ci/run does not run make " + test
			}
			continue
		}
		expr, exists := s.constraints[folder+" "+test]
		if !exists {
			return folder + " has no " + test
		}
		if !s.assert[folder+" "+test] {
			return test + " in " + folder + " asserts nothing"
		}
		if !s.runs(folder, expr) {
			return "no stage of .ci/run runs " + test + " in " + folder
		}
	}
	return ""
}

// runs reports whether a stage of .ci/run runs the tests of a folder that have a build constraint.
func (s suites) runs(folder string, expr constraint.Expr) bool {
	for _, target := range s.targets {
		if !slices.Contains(s.stages, target.name) {
			continue
		}
		for _, command := range target.tests {
			var tags []string
			if m := tagsOfTest.FindStringSubmatch(command); m != nil {
				tags = strings.Split(m[1], ",")
			}
			// The tests run on Linux. Race detector and cgo need a C compiler, which is installed.
			set := func(tag string) bool { return tag == "linux" || tag == "unix" || slices.Contains(tags, tag) }
			if expr != nil && !expr.Eval(set) {
				continue
			}
			if slices.ContainsFunc(strings.Fields(command), func(word string) bool { return covers(word, folder) }) {
				return true
			}
		}
	}
	return false
}

// covers reports whether a package pattern such as ./infra/... covers a folder.
func covers(pattern, folder string) bool {
	below, all := strings.CutSuffix(pattern, "/...")
	if all && below == "." {
		return true
	}
	name, relative := strings.CutPrefix(below, "./")
	return relative && (name == folder || all && strings.HasPrefix(folder, name+"/"))
}

func TestMissingTestsAreFound(t *testing.T) {
	t.Parallel()
	browser, err := constraint.Parse("//go:build browser")
	if err != nil {
		t.Fatal(err)
	}
	s := suites{
		constraints: map[string]constraint.Expr{"dapr TestPlain": nil, "dapr TestIdle": nil, "tests/browser TestPage": browser, "tests/disk TestPage": browser},
		assert:      map[string]bool{"dapr TestPlain": true, "tests/browser TestPage": true, "tests/disk TestPage": true},
		targets: []target{
			{"test", []string{"go test ./..."}}, {"test-browser", []string{"go test -v -tags browser ./tests/browser"}},
		},
		stages: []string{"test", "test-browser"},
	}
	for shown, want := range map[string]string{
		"`dapr TestPlain`, `tests/browser TestPage`": "",
		"`make test-browser`":                        "",
		"somebody looked":                            "it names no test",
		"`dapr TestPlain` and `dapr TestGone`":       "dapr has no TestGone",
		"`dapr TestIdle`":                            "TestIdle in dapr asserts nothing",
		"`tests/disk TestPage`":                      "no stage of .ci/run runs TestPage in tests/disk",
		"`make test-nothing`":                        ".ci/run does not run make test-nothing",
	} {
		if got := s.check(shown); got != want {
			t.Errorf("the problem of %q is %q, want %q", shown, got, want)
		}
	}
}
