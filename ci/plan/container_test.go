package plan

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// allPlans returns the plans of all commands, by command, with those of a stack.
func allPlans() map[string]Plan {
	all := plans()
	all["deploy"] = Rollout(project(), Stack{Name: "prod"}, Record{}, Deployment{}, "")
	return all
}

// TestImagesByDigest checks that the content of each image is fixed. A tag can be moved to another
// image.
func TestImagesByDigest(t *testing.T) {
	t.Parallel()
	digest := regexp.MustCompile(`^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$`)
	for command, p := range allPlans() {
		for _, stage := range p {
			for _, s := range stage {
				images := []string{s.Image}
				for _, b := range s.Services {
					images = append(images, b.Image)
				}
				for _, image := range images {
					// The digest of Redpanda's image is not known yet.
					if !digest.MatchString(image) && image != redpandaImage {
						t.Errorf("%s: %s runs in %s, which is not by digest", command, s.Name, image)
					}
				}
			}
		}
	}
}

// TestGoVersion checks that the image has the Go version of go.mod.
func TestGoVersion(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.ParseLax("go.mod", raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "golang:" + mod.Go.Version + "-bookworm@"; !strings.HasPrefix(goImage, want) {
		t.Errorf("the image is %s, and go.mod needs %s", goImage, want)
	}
}

// TestSuiteSeesTheRepository checks that the test suite gets each tracked file. Tests ask git for the
// tracked files and read them.
func TestSuiteSeesTheRepository(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	cmd.Dir = "../.."
	files, err := cmd.Output()
	if err != nil {
		t.Fatalf("list the files: %v", err)
	}
	for _, stage := range Test(project()) {
		for _, s := range stage {
			for file := range strings.SplitSeq(strings.TrimSuffix(string(files), "\x00"), "\x00") {
				if !matches(t, s.Sources, file) || matches(t, s.Without, file) {
					t.Errorf("%s does not see %s", s.Name, file)
				}
			}
		}
	}
}

// inGoImage are the programs of the golang image that are not part of its base system.
var inGoImage = []string{"go", "gofmt", "git", "awk"}

// packaged are the programs of Debian packages.
var packaged = map[string]string{"make": "make", "cc": "gcc", "gcc": "gcc", "as": "gcc", "ld": "gcc"}

// TestSuiteFindsItsPrograms checks that the container of the test suite has all programs that
// `make test` gets in .ci/run: those of .ci/bare and of the base system.
func TestSuiteFindsItsPrograms(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", ".ci", "bare"))
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^for name in (.*); do\n\tprogram=`).FindSubmatch(raw)
	if list == nil {
		t.Fatal(".ci/bare has no list of programs")
	}
	programs := strings.Fields(string(list[1]))
	if !slices.Contains(programs, "cc") {
		t.Errorf(".ci/bare links %v, and the race detector needs cc", programs)
	}
	for _, program := range programs {
		if !slices.Contains(inGoImage, program) && !slices.Contains(testPackages, packaged[program]) {
			t.Errorf("the container of the tests lacks %s: add its package to testPackages", program)
		}
	}
}

// TestHeavyStepsRunAlone checks that the steps which compile or read the SDKs of the clouds run one
// after another, with limited memory. Two at once took over 20 GB.
func TestHeavyStepsRunAlone(t *testing.T) {
	t.Parallel()
	found := 0
	for _, stage := range Check(project()) {
		for _, s := range stage {
			if !slices.Contains(s.Args, "./...") {
				continue
			}
			found++
			if len(stage) != 1 {
				t.Errorf("%s runs beside %d other steps", s.Name, len(stage)-1)
			}
			if !strings.Contains(s.Env["GOFLAGS"], "-p=1") || s.Env["GOGC"] == "" || s.Env["GOMEMLIMIT"] == "" {
				t.Errorf("%s may use all memory: %v", s.Name, s.Env)
			}
		}
	}
	if found != 3 {
		t.Errorf("found %d heavy steps, want vet, lint and vulnerabilities", found)
	}
}

// TestRedpandaOfTheStacks checks that the tests run the version of Redpanda that stacks deploy. The
// operator's chart has the version of the broker.
func TestRedpandaOfTheStacks(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../infra/platform/versions.go")
	if err != nil {
		t.Fatal(err)
	}
	deployed := regexp.MustCompile(`redpandaOperatorVersion\s+= "([^"]+)"`).FindSubmatch(raw)
	if deployed == nil {
		t.Fatal("infra/platform has no redpandaOperatorVersion")
	}
	if want := "redpandadata/redpanda:v" + string(deployed[1]); redpandaImage != want && !strings.HasPrefix(redpandaImage, want+"@") {
		t.Errorf("the tests run %s, and stacks %s", redpandaImage, want)
	}
}
