package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
	"gopkg.in/yaml.v3"

	"taskmaster/dapr"
)

// TestStacksDeployTheTestedDapr checks that stacks deploy the version of Dapr that the tests run, and
// that the supported versions end with it.
func TestStacksDeployTheTestedDapr(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../dapr/runtime/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.ParseLax("go.mod", raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	tested := ""
	for _, r := range mod.Require {
		if r.Mod.Path == "github.com/dapr/dapr" {
			tested = strings.TrimPrefix(r.Mod.Version, "v")
		}
	}
	if got := defaults().Dapr.Version; got != tested {
		t.Errorf("stacks deploy Dapr %s, and the tests run %s", got, tested)
	}
	supported := dapr.Supported()
	if newest := supported[len(supported)-1]; !strings.HasPrefix(tested, newest+".") {
		t.Errorf("the newest supported version is %s, and the tests run %s", newest, tested)
	}
	if oldest := supported[0]; dapr.Oldest != oldest+".0" {
		t.Errorf("the oldest version is %s, and the oldest supported one %s", dapr.Oldest, oldest)
	}
	byVersion := func(a, b string) int { return semver.Compare("v"+a, "v"+b) }
	if !slices.IsSortedFunc(supported, byVersion) {
		t.Errorf("%v are not sorted", supported)
	}

	stacks, err := filepath.Glob("../../stacks/*.yaml")
	if err != nil || len(stacks) == 0 {
		t.Fatalf("found the stacks %v, %v", stacks, err)
	}
	for _, file := range stacks {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var stack struct {
			Config struct {
				Dapr struct{ Version string } `yaml:"taskmaster:dapr"`
			}
		}
		if err := yaml.Unmarshal(raw, &stack); err != nil {
			t.Fatal(err)
		}
		if version := stack.Config.Dapr.Version; version != "" {
			t.Errorf("%s deploys Dapr %s: leave the version out, for the tested %s", file, version, tested)
		}
	}
}
