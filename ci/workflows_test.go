package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"taskmaster/ci/plan"
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
	}
	job struct {
		Permissions map[string]string `yaml:"permissions"`
		Concurrency *concurrency      `yaml:"concurrency"`
		Environment string            `yaml:"environment"`
		Timeout     int               `yaml:"timeout-minutes"`
		Uses        string            `yaml:"uses"`
		With        map[string]string `yaml:"with"`
		Steps       []workflowStep    `yaml:"steps"`
	}
	workflowStep struct {
		Uses    string            `yaml:"uses"`
		Run     string            `yaml:"run"`
		Timeout int               `yaml:"timeout-minutes"`
		Env     map[string]string `yaml:"env"`
	}
)

const planted = "planted-secret"

// stackWorkflow is called by the other workflows.
const stackWorkflow = ".github/workflows/stack.yaml"

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
		"deploy.yaml publish": {"id-token", "packages", "statuses"}, "deploy.yaml staging": {"id-token", "statuses"}, "deploy.yaml prod": {"id-token", "statuses"},
		"deploy.yaml by-hand": {"id-token", "statuses"}, "rollback.yaml rollback": {"id-token", "statuses"}, "pull-request.yaml preview": {"id-token", "pull-requests"},
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
// under way.
func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	for file, w := range all {
		for name, j := range w.Jobs {
			if w.Concurrency == nil && j.Concurrency == nil && j.Uses == "" {
				t.Errorf("%s: %s may overlap with itself", file, name)
			}
			if j.Uses != "" && (j.Uses != "./"+stackWorkflow || !strings.Contains(j.With["arguments"], j.With["stack"]) && j.With["stack"] != "preview") {
				t.Errorf("%s: %s runs %q as one of the stack %q", file, name, j.With["arguments"], j.With["stack"])
			}
			if j.Uses == "" && j.Environment != "" && file != stackWorkflow {
				t.Errorf("%s: %s has an environment, and is not in %s", file, name, stackWorkflow)
			}
		}
	}
	run := all[stackWorkflow].Jobs["run"]
	if c := run.Concurrency; c == nil || c.Group != "stack-${{ inputs.stack }}" || c.Cancel || run.Environment != "${{ inputs.environment }}" {
		t.Errorf("%s overlaps or is cancelled: %+v in %q", stackWorkflow, c, run.Environment)
	}
}

// TestWorkflowsCallCommands checks that workflows run only commands of the pipeline, with arguments
// that it accepts.
func TestWorkflowsCallCommands(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	var called []string
	for file, w := range all {
		for name, j := range w.Jobs {
			if j.Uses != "" {
				called = append(called, argumentsOf(t, j.With["arguments"])...)
			}
			for _, s := range j.Steps {
				if s.Uses != "" {
					continue
				}
				command := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(s.Run, "")
				rest, ok := strings.CutPrefix(strings.TrimSpace(command), "go run ./ci ")
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
					called[i] = `-username "$GITHUB_ACTOR" -take-over ` + c
				}
			}
		}
	}
	env := map[string]string{
		"GITHUB_ACTOR": "robot", "REGISTRY": "ghcr.io/owner", "REGISTRY_PASSWORD": planted, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": planted, "PULUMI_ACCESS_TOKEN": planted,
		"GITHUB_REPOSITORY": "owner/taskmaster", "GITHUB_SHA": strings.Repeat("0", 40),
	}
	if len(called) < 10 {
		t.Errorf("only %q are called", called)
	}
	for _, arguments := range called {
		arguments = os.Expand(arguments, func(name string) string { return env[name] })
		words := strings.Fields(strings.ReplaceAll(arguments, `"`, ""))
		// The images come from publish in another job. The test names them instead.
		if strings.HasPrefix(arguments, "-username robot -take-over deploy") {
			var images []string
			for _, service := range []string{"api", "live", "notifier", "recurring", "web"} {
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
