package plan

import (
	"bufio"
	"go/build/constraint"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// platforms are the build tags that the compiler sets.
var platforms = []string{"darwin", "linux", "race", "unix", "windows"}

// TestChecksReadEveryTest fails when vet or golangci-lint does not set a tag of a test. They would
// leave the test out.
func TestChecksReadEveryTest(t *testing.T) {
	t.Parallel()
	const root = "../.."
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "*_test.go")
	cmd.Dir = root
	files, err := cmd.Output()
	if err != nil {
		t.Fatalf("list the tests: %v", err)
	}
	used := map[string]bool{}
	for _, file := range strings.Fields(string(files)) {
		collectTags(t, filepath.Join(root, file), used)
	}
	want := strings.Join(slices.Sorted(maps.Keys(used)), ",")
	if testTags != want {
		t.Errorf("vet sets the tags %s, the tests use %s", testTags, want)
	}
	lint, err := os.ReadFile(filepath.Join(root, ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if line := "build-tags: [" + strings.ReplaceAll(want, ",", ", ") + "]"; !strings.Contains(string(lint), line) {
		t.Errorf(".golangci.yml does not set the tags of the tests: %s", line)
	}
}

// collectTags adds the build tags of a file, except those of platforms.
func collectTags(t *testing.T, file string, used map[string]bool) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	line, _ := bufio.NewReader(f).ReadString('\n')
	if !constraint.IsGoBuild(line) {
		return
	}
	expr, err := constraint.Parse(line)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	expr.Eval(func(tag string) bool {
		if !slices.Contains(platforms, tag) {
			used[tag] = true
		}
		return true
	})
}

// TestRaceDetectorLeavesOutTheClouds fails when `make test` would compile the SDK of a cloud with the
// race detector, which takes minutes and gigabytes. A file of the Pulumi program without the
// constraint !race is enough.
func TestRaceDetectorLeavesOutTheClouds(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-race", "-deps", "-test", "./...")
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "CGO_ENABLED=1")
	packages, err := cmd.Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	for path := range strings.FieldsSeq(string(packages)) {
		for _, sdk := range []string{"pulumi-oci", "pulumi-azure", "pulumi-gcp"} {
			if strings.Contains(path, sdk) {
				t.Fatalf("make test compiles %s", path)
			}
		}
	}
}
