package docs

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// renovate is the part of renovate.json with patterns of our own.
type renovate struct {
	CustomManagers []customManager `json:"customManagers"`
	PackageRules   []struct {
		MatchPackageNames []string `json:"matchPackageNames"`
		MatchDepTypes     []string `json:"matchDepTypes"`
		Enabled           bool     `json:"enabled"`
	} `json:"packageRules"`
}

// customManager finds versions in files by patterns.
type customManager struct {
	Description         string   `json:"description"`
	ManagerFilePatterns []string `json:"managerFilePatterns"`
	MatchStrings        []string `json:"matchStrings"`
}

func readRenovate(t *testing.T) renovate {
	t.Helper()
	var r renovate
	if err := json.Unmarshal([]byte(readText(t, "renovate.json")), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// reads reports whether the manager reads a file. Its patterns have the form /EXPRESSION/.
func (m customManager) reads(name string) bool {
	return slices.ContainsFunc(m.ManagerFilePatterns, func(p string) bool { return regexp.MustCompile(strings.Trim(p, "/")).MatchString(name) })
}

// finds reports whether the manager finds a version in a text.
func (m customManager) finds(text string) bool {
	return slices.ContainsFunc(m.MatchStrings, func(p string) bool { return regexp.MustCompile(p).MatchString(text) })
}

// TestRenovateFindsThePins fails when a pattern of renovate.json finds nothing. The version that it
// stood for would then never be updated.
func TestRenovateFindsThePins(t *testing.T) {
	t.Parallel()
	files := trackedFiles(t)
	for _, m := range readRenovate(t).CustomManagers {
		var read strings.Builder
		for _, file := range files {
			if m.reads(file) {
				read.WriteString(readText(t, file))
			}
		}
		for _, match := range m.MatchStrings {
			if !regexp.MustCompile(match).MatchString(read.String()) {
				t.Errorf("renovate.json, %q: no file of %v matches %s", m.Description, m.ManagerFilePatterns, match)
			}
		}
	}
}

// pinned matches a tool that is run by its version, and an image by tag and digest.
var pinned = regexp.MustCompile(`[\w-]+\.[a-z]+/[\w./-]+@v\d+\.\d+\.\d+|"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}"`)

// TestRenovateKnowsEveryPin fails when no pattern of renovate.json matches a pinned tool or image.
func TestRenovateKnowsEveryPin(t *testing.T) {
	t.Parallel()
	managers := readRenovate(t).CustomManagers
	for _, file := range trackedFiles(t) {
		if file != "Makefile" && (path.Dir(file) != "ci/plan" || strings.HasSuffix(file, "_test.go")) {
			continue
		}
		for _, pin := range pinned.FindAllString(readText(t, file), -1) {
			known := func(m customManager) bool { return m.reads(file) && m.finds(pin) }
			if !slices.ContainsFunc(managers, known) {
				t.Errorf("%s pins %s, which no pattern of renovate.json matches", file, pin)
			}
		}
	}
}

// tool matches a tool directive of a go.mod, in a line of its own or in a block.
var tool = regexp.MustCompile(`(?m)^(?:tool )?\t?([\w.-]+\.[a-z]+/[\w./-]+)$`)

// TestRenovateUpdatesTools fails when no rule enables the updates of a module that a go.mod pins as a
// tool. Such a module is required indirectly, and Renovate would leave it at its version.
func TestRenovateUpdatesTools(t *testing.T) {
	t.Parallel()
	var enabled []string
	for _, rule := range readRenovate(t).PackageRules {
		if rule.Enabled && slices.Contains(rule.MatchDepTypes, "indirect") {
			enabled = append(enabled, rule.MatchPackageNames...)
		}
	}
	found := 0
	for _, file := range trackedFiles(t) {
		if path.Base(file) != "go.mod" {
			continue
		}
		for _, m := range tool.FindAllStringSubmatch(readText(t, file), -1) {
			found++
			if !slices.ContainsFunc(enabled, func(name string) bool { return strings.HasPrefix(m[1], name+"/") }) {
				t.Errorf("%s pins the tool %s, and no rule of renovate.json enables its updates", file, m[1])
			}
		}
	}
	if found < 3 {
		t.Errorf("found %d tools, there are at least 3", found)
	}
}

// debianPackages matches the list of packages that .ci/run installs.
var debianPackages = regexp.MustCompile(`packages\+=\(([^)]*)\)`)

// TestDevContainerHasThePackagesOfCI fails when .ci/run installs a package that the development
// container lacks.
func TestDevContainerHasThePackagesOfCI(t *testing.T) {
	t.Parallel()
	container := strings.Fields(readText(t, ".devcontainer/Dockerfile"))
	found := 0
	for _, m := range debianPackages.FindAllStringSubmatch(readText(t, ".ci/run"), -1) {
		for _, name := range strings.Fields(m[1]) {
			found++
			if !slices.Contains(container, name) {
				t.Errorf(".devcontainer/Dockerfile does not install %s", name)
			}
		}
	}
	if found == 0 {
		t.Error(".ci/run names no package")
	}
}

// TestPostgresVersion compares the oldest version of PostgreSQL in the documents with the source.
func TestPostgresVersion(t *testing.T) {
	t.Parallel()
	oldest := regexp.MustCompile(`minMajor = (\d+)`).FindStringSubmatch(readText(t, "internal/postgres/embedded/binaries.go"))
	if oldest == nil {
		t.Fatal("internal/postgres/embedded has no minMajor")
	}
	for _, file := range []string{"docs/local.md", "infra/README.md"} {
		if want := "version " + oldest[1] + " or newer"; !strings.Contains(readText(t, file), want) {
			t.Errorf("%s lacks %q for PostgreSQL", file, want)
		}
	}
}
