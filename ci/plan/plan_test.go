package plan

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func project() Project {
	return Project{
		Go: "1.26.5", Revision: "0123456789abcdef0123456789abcdef01234567", Source: "https://example.com/taskmaster",
		Time: time.Date(2026, 11, 25, 12, 0, 0, 0, time.FixedZone("", 3600)),
		Services: []Component{
			{"api", []string{"services/api", "services/event", "services/task"}},
			{"web", []string{"services/server", "services/web"}},
		},
	}
}

func release() Release {
	return Release{
		Registry: "ghcr.io/owner", Username: "robot", Platforms: []string{"linux/amd64", "linux/arm64"}, Tags: []string{"latest"},
	}
}

// plans are those of all verbs.
func plans() map[string]Plan {
	return map[string]Plan{
		"check": Check(project()), "test": Test(project()), "build": Build(project(), release()), "publish": Publish(project(), release()),
	}
}

// What runs is in the golden files, so that a change of it is seen.
func TestGolden(t *testing.T) {
	t.Parallel()
	for verb, p := range plans() {
		var got strings.Builder
		for i, stage := range p {
			for _, s := range stage {
				fmt.Fprintf(&got, "%d %s\n  in %s %v\n  run %q\n  env %v secrets %v\n  sees %v without %v\n  needs %v leaves %v prints to %q\n",
					i+1, s.Name, s.Image, s.Packages, s.Args, s.Env, s.Secrets, s.Sources, s.Without, s.Needs, s.Outputs, s.Stdout)
				for _, service := range s.Services {
					fmt.Fprintf(&got, "  beside %+v\n", service)
				}
			}
		}
		file := filepath.Join("testdata", verb+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s has changed; if it should, run the test with -update. Now it is:\n%s", verb, got.String())
		}
	}
}

// A step can only run after what it needs.
func TestNeedsAreLeftBefore(t *testing.T) {
	t.Parallel()
	for verb, p := range plans() {
		var left []string
		names := map[string]bool{}
		for _, stage := range p {
			for _, s := range stage {
				for _, need := range s.Needs {
					if !slices.Contains(left, need) {
						t.Errorf("%s: %s needs %s, which nothing before it leaves", verb, s.Name, need)
					}
				}
				if names[s.Name] {
					t.Errorf("%s: two steps are called %s", verb, s.Name)
				}
				names[s.Name] = true
			}
			left = append(left, stage.Left()...)
		}
	}
}

// An edited file concerns the programs that are made from it, and no other.
func TestWhatAnEditRebuilds(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]string{
		"README.md":                 nil,
		"services/api/README.md":    {"compile api for linux/amd64"},
		"services/web/page.go":      {"compile web for linux/amd64"},
		"services/web/page_test.go": nil,
		"services/task/task.go":     {"compile api for linux/amd64"},
		"tests/ledger/book.go":      nil,
		"ci/plan/plan.go":           nil,
		"ci/image/main.go":          {"image of api", "image of web"},
		"go.mod":                    {"compile api for linux/amd64", "compile web for linux/amd64", "image of api", "image of web"},
	} {
		r := release()
		r.Platforms = r.Platforms[:1]
		var got []string
		for _, stage := range Build(project(), r) {
			for _, s := range stage {
				if matches(t, s.Sources, file) && !matches(t, s.Without, file) {
					got = append(got, s.Name)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s rebuilds %q, want %q", file, got, want)
		}
	}
}

// matches says whether a file is one of those that patterns describe, as far as they are used here.
func matches(t *testing.T, patterns []string, file string) bool {
	t.Helper()
	for _, pattern := range patterns {
		if folder, ok := strings.CutSuffix(pattern, "/**"); ok && !strings.HasPrefix(pattern, "**/") {
			if strings.HasPrefix(file, folder+"/") {
				return true
			}
			continue
		}
		name := file
		if rest, ok := strings.CutPrefix(pattern, "**/"); ok {
			pattern, name = rest, path.Base(file)
		}
		ok, err := path.Match(pattern, name)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return true
		}
	}
	return false
}

// Only who logs in gets the password, and a registry without a name gets none.
func TestSecrets(t *testing.T) {
	t.Parallel()
	nameless := release()
	nameless.Username = ""
	for verb, p := range map[string]Plan{"build": plans()["build"], "check": plans()["check"], "test": plans()["test"], "nameless": Publish(project(), nameless)} {
		for _, stage := range p {
			for _, s := range stage {
				if len(s.Secrets) != 0 {
					t.Errorf("%s: %s gets %v", verb, s.Name, s.Secrets)
				}
			}
		}
	}
	for _, s := range plans()["publish"][1] {
		if !slices.Equal(s.Secrets, Secrets) {
			t.Errorf("%s gets %v", s.Name, s.Secrets)
		}
	}
}
