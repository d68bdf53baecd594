package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"taskmaster/ci/plan"
	"taskmaster/dapr"
)

// These types mirror
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax as far as the
// tests need it.
type (
	workflow struct {
		On          yaml.Node         `yaml:"on"`
		Permissions map[string]string `yaml:"permissions"`
		Concurrency *concurrency      `yaml:"concurrency"`
		Jobs        map[string]job    `yaml:"jobs"`
	}
	concurrency struct {
		Group  string `yaml:"group"`
		Cancel bool   `yaml:"cancel-in-progress"`
		Queue  string `yaml:"queue"`
	}
	job struct {
		Needs       needs             `yaml:"needs"`
		If          string            `yaml:"if"`
		Permissions map[string]string `yaml:"permissions"`
		Concurrency *concurrency      `yaml:"concurrency"`
		Environment environment       `yaml:"environment"`
		Timeout     int               `yaml:"timeout-minutes"`
		Uses        string            `yaml:"uses"`
		With        map[string]string `yaml:"with"`
		Secrets     string            `yaml:"secrets"`
		Steps       []workflowStep    `yaml:"steps"`
		Strategy    struct {
			Matrix struct {
				Include []suite `yaml:"include"`
			} `yaml:"matrix"`
		} `yaml:"strategy"`
	}
	// suite is one job of the suites. It runs a target of make.
	suite struct {
		Target string `yaml:"target"`
		// Version is a variable of make: DAPR=1.16.0.
		Version string `yaml:"version"`
	}
	// needs is a job or a list of jobs.
	needs []string
	// environment is a name, or a mapping with a name and an address.
	environment struct {
		Name string `yaml:"name"`
		URL  string `yaml:"url"`
	}
	workflowStep struct {
		ID      string            `yaml:"id"`
		Uses    string            `yaml:"uses"`
		Run     string            `yaml:"run"`
		Timeout int               `yaml:"timeout-minutes"`
		Env     map[string]string `yaml:"env"`
	}
)

func (n *needs) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*n = needs{node.Value}
		return nil
	}
	return node.Decode((*[]string)(n))
}

func (e *environment) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		e.Name = node.Value
		return nil
	}
	type mapping environment
	return node.Decode((*mapping)(e))
}

const planted = "planted-secret"

// stackWorkflow is called by the other workflows.
const stackWorkflow = ".github/workflows/stack.yml"

// suitesWorkflow runs the checks and the targets of make.
const suitesWorkflow = ".github/workflows/suites.yml"

// deployWorkflow publishes, and its name is part of the signatures.
const deployWorkflow = ".github/workflows/deploy.yml"

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	all := map[string]workflow{}
	for _, file := range plan.Workflows {
		raw, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(raw, &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[file] = w
	}
	return all
}

// TestActionsArePinned checks that actions are pinned by commit, because a tag can be moved.
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^[\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, file := range plan.Workflows {
		raw, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(raw), "\n") {
			uses, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimSpace(line), "- "), "uses: ")
			if ok && !strings.HasPrefix(uses, "./") && !pinned.MatchString(uses) {
				t.Errorf("%s: %s is not pinned to a commit, with its version beside it", file, uses)
			}
		}
	}
}

// TestPermissions checks that all jobs may only read by default. Each job gets the permissions that
// it uses. No job may change the code.
func TestPermissions(t *testing.T) {
	t.Parallel()
	writes := map[string][]string{
		"deploy.yml untested": {"statuses"}, "deploy.yml publish": {"id-token", "packages", "statuses"}, "deploy.yml staging": {"id-token", "statuses"}, "deploy.yml prod": {"id-token", "statuses"},
		"deploy.yml by-hand": {"id-token", "statuses"}, "rollback.yml rollback": {"id-token", "statuses"}, "pull-request.yml preview": {"id-token", "pull-requests"},
	}
	for file, w := range workflows(t) {
		if file == stackWorkflow {
			continue // it has the permissions of its caller's job
		}
		if w.Permissions == nil {
			t.Errorf("%s leaves the permissions to the repository's setting", file)
		}
		for scope, access := range w.Permissions {
			if scope != "contents" || access != "read" {
				t.Errorf("%s: every job may %s %s", file, access, scope)
			}
		}
		for name, j := range w.Jobs {
			var may []string
			for scope, access := range j.Permissions {
				if access != "read" {
					may = append(may, scope)
				}
			}
			slices.Sort(may)
			if want := writes[filepath.Base(file)+" "+name]; !slices.Equal(may, want) {
				t.Errorf("%s: %s may write %v, want %v", file, name, may, want)
			}
		}
	}
}

// TestTimeouts checks that every job has a time limit, with time left to notify after its main step
// was stopped.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for file, w := range workflows(t) {
		for name, j := range w.Jobs {
			if j.Uses != "" {
				continue // the called workflow's limit counts
			}
			steps := 0
			for _, s := range j.Steps {
				steps += s.Timeout
			}
			if j.Timeout == 0 || j.Timeout < steps {
				t.Errorf("%s: %s has %d minutes, and its steps %d", file, name, j.Timeout, steps)
			}
		}
	}
}

// TestOneRunAtATime checks that two runs on a stack never overlap. A new run cancels none that is
// under way, and none that waits.
func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	for at, want := range map[[2]string]string{
		{stackWorkflow, "run"}: "stack-${{ inputs.stack }}", {deployWorkflow, "publish"}: "publish",
	} {
		c := all[at[0]].Jobs[at[1]].Concurrency
		if c == nil || *c != (concurrency{Group: want, Queue: "max"}) {
			t.Errorf("%s: %s has the group %+v, want a queue in %s", at[0], at[1], c, want)
		}
	}
	for file, w := range all {
		for name, j := range w.Jobs {
			for _, c := range []*concurrency{w.Concurrency, j.Concurrency} {
				// actionlint does not know this key, and GitHub refuses the two together.
				if c != nil && (c.Queue != "" && c.Queue != "max" || c.Queue == "max" && c.Cancel) {
					t.Errorf("%s: %s: GitHub refuses the group %+v", file, name, *c)
				}
			}
		}
	}
}

// TestActionsRunOnNode24 fails for an action of a version that needs Node.js 20, which GitHub's
// runners no longer have.
func TestActionsRunOnNode24(t *testing.T) {
	t.Parallel()
	// These are the first major versions whose action.yml says node24.
	first := map[string]int{
		"actions/checkout": 5, "actions/setup-go": 6, "actions/upload-artifact": 6, "actions/download-artifact": 7, "google-github-actions/auth": 3,
	}
	use := regexp.MustCompile(`uses: ([\w-]+/[\w./-]+)@[0-9a-f]{40} # v(\d+)`)
	for _, file := range plan.Workflows {
		raw, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range use.FindAllStringSubmatch(string(raw), -1) {
			major, err := strconv.Atoi(m[2])
			if least, known := first[m[1]]; err != nil || !known || major < least {
				t.Errorf("%s: %s@v%s: look up in its action.yml whether it runs on node24, and add the version to this test", file, m[1], m[2])
			}
		}
	}
}

// weeklyWorkflow runs benchCheck, which compares measurements with the specification, and testVersion.
const (
	weeklyWorkflow = ".github/workflows/weekly.yml"
	benchCheck     = "make bench ARGS=-check"
	testVersion    = `make "$TARGET" "$VERSION"`
)

// buildPipeline is the step before the pipeline's commands.
const buildPipeline = "go build -o .local/bin/ci ./ci"

// TestWorkflowsCallCommands checks that workflows run only commands of the pipeline, with arguments
// that it accepts.
func TestWorkflowsCallCommands(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	var called []string
	for file, w := range all {
		for name, j := range w.Jobs {
			if j.Uses != "" {
				if j.Uses == "./"+stackWorkflow {
					called = append(called, argumentsOf(t, j.With["arguments"])...)
				}
			}
			for _, s := range j.Steps {
				if s.Uses != "" || file == suitesWorkflow && name == "suite" {
					continue
				}
				if slices.Contains([]string{buildPipeline, "echo approved", "go run ./ci/tested", `go run ./ci/tested -run "$RUN"`, benchCheck, testVersion}, s.Run) {
					continue
				}
				command := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(s.Run, "")
				rest, ok := strings.CutPrefix(strings.TrimSpace(command), "exec .local/bin/ci ")
				if !ok || strings.ContainsAny(rest, "|&;<>`\n") || strings.Contains(rest, "${{") || strings.Contains(rest, "$(") {
					t.Errorf("%s: %s runs %q, which is more than one command of the pipeline", file, name, s.Run)
				}
				for variable, value := range s.Env {
					if strings.Contains(rest, "$"+variable) && strings.Contains(value, "secrets.") {
						t.Errorf("%s: %s has the secret %s among its arguments", file, name, variable)
					}
				}
				if file != stackWorkflow || !strings.Contains(rest, "$ARGUMENTS") {
					called = append(called, rest)
				}
			}
		}
	}
	for _, arguments := range all[stackWorkflow].Jobs["run"].Steps {
		if strings.Contains(arguments.Run, "$ARGUMENTS") {
			for i, c := range called {
				if strings.Contains(c, "-stack ") || strings.Contains(c, "-from ") {
					called[i] = `-username "$REGISTRY_USERNAME" -take-over ` + c
				}
			}
		}
	}
	env := map[string]string{
		"REGISTRY_USERNAME": "robot", "REGISTRY": "ghcr.io/owner", "REGISTRY_PASSWORD": planted, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": planted, "PULUMI_ACCESS_TOKEN": planted,
		"GITHUB_REPOSITORY": "owner/taskmaster", "GITHUB_SHA": strings.Repeat("0", 40),
	}
	slices.Sort(called)
	called = slices.Compact(called)
	if len(called) < 8 {
		t.Errorf("only %q are called", called)
	}
	for _, arguments := range called {
		arguments = os.Expand(arguments, func(name string) string { return env[name] })
		words := strings.Fields(strings.ReplaceAll(arguments, `"`, ""))
		// The images come from publish in another job. The test names them instead.
		if slices.Contains(words, "deploy") {
			var images []string
			for _, service := range []string{"api", "assistant", "live", "notifier", "recurring", "web"} {
				images = append(images, service+"=ghcr.io/owner/taskmaster-"+service+"@sha256:"+strings.Repeat("0", 64))
			}
			words = append(words, "-images", strings.Join(images, ","))
		}
		if status, _, errs := ci(t, env, append([]string{"-plan"}, words...)...); status != 0 {
			t.Errorf("%s: status %d, %s", arguments, status, errs)
		}
	}
}

// argumentsOf returns all argument strings that a workflow can produce from its inputs.
func argumentsOf(t *testing.T, template string) (all []string) {
	t.Helper()
	const release = "${{ inputs.release && format('-to {0}', inputs.release) }}"
	for _, stack := range []string{"staging", "prod"} {
		for _, number := range []string{"", "-to 7"} {
			filled := strings.NewReplacer("${{ github.sha }}", strings.Repeat("0", 40), "${{ inputs.stack }}", stack, release, number).Replace(template)
			if strings.Contains(filled, "${{") {
				t.Errorf("%q has an expression that this test does not know", template)
			}
			if !slices.Contains(all, filled) {
				all = append(all, filled)
			}
		}
	}
	return all
}

// TestNumbersAreMeasuredEveryWeek checks that the numbers of the specification are measured on a
// schedule, and that no push or pull request waits for them.
func TestNumbersAreMeasuredEveryWeek(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	var on struct {
		Schedule []struct{ Cron string }
	}
	weekly := all[weeklyWorkflow]
	if err := weekly.On.Decode(&on); err != nil {
		t.Fatal(err)
	}
	if len(on.Schedule) != 1 || !regexp.MustCompile(`^\d+ \d+ \* \* [0-6]$`).MatchString(on.Schedule[0].Cron) {
		t.Errorf("%s runs at %v, want once a week", weeklyWorkflow, on.Schedule)
	}
	for file, w := range all {
		for name, j := range w.Jobs {
			measures := slices.ContainsFunc(j.Steps, func(s workflowStep) bool { return s.Run == benchCheck })
			if measures != (file == weeklyWorkflow && name == "numbers") {
				t.Errorf("%s: %s measures the numbers: %v", file, name, measures)
			}
		}
	}
}

// TestVersionsAreTestedEveryWeek checks that the weekly workflow runs the oldest supported version of Dapr,
// and others of Kafka and PostgreSQL than every push does.
func TestVersionsAreTestedEveryWeek(t *testing.T) {
	t.Parallel()
	versions := workflows(t)[weeklyWorkflow].Jobs["versions"]
	var got []string
	for _, s := range versions.Strategy.Matrix.Include {
		got = append(got, s.Target+" "+s.Version)
	}
	for _, want := range []string{
		"test-dapr DAPR=" + dapr.Oldest, "test-on-kafka KAFKA=3.9.1", "test-postgres POSTGRES=fetch-15", "test-postgres POSTGRES=fetch-18",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s runs %q, want also %q", weeklyWorkflow, got, want)
		}
	}
	if n := len(versions.Steps); n == 0 || versions.Steps[n-1].Run != testVersion {
		t.Errorf("%s: the job versions has the steps %+v, want make as the last", weeklyWorkflow, versions.Steps)
	}
}
