package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNoPathAroundTheApproval checks that every run on a stack is in the environment of that stack,
// and that production asks first. Each edit of a workflow would open a path around that.
func TestNoPathAroundTheApproval(t *testing.T) {
	t.Parallel()
	if problems := findPaths(workflows(t)); len(problems) > 0 {
		t.Errorf("%s", strings.Join(problems, "\n"))
	}
	change := func(file, name string, edit func(*job)) func(map[string]workflow) {
		return func(all map[string]workflow) {
			j := all[file].Jobs[name]
			j.With, j.Steps = maps.Clone(j.With), slices.Clone(j.Steps)
			edit(&j)
			all[file].Jobs[name] = j
		}
	}
	for name, edit := range map[string]func(map[string]workflow){
		"production in another environment": change(deployWorkflow, "prod", func(j *job) { j.With["stack"] = "staging" }),
		"staging deploys to production":     change(deployWorkflow, "staging", func(j *job) { j.With["arguments"] = "promote -from staging -to prod" }),
		"a second target":                   change(deployWorkflow, "staging", func(j *job) { j.With["arguments"] += " -stack prod" }),
		"a deployment of its own":           change(deployWorkflow, "publish", func(j *job) { j.Steps[0].Run = "exec .local/bin/ci deploy -stack prod" }),
		"credentials outside":               change(deployWorkflow, "publish", func(j *job) { j.Steps[0].Env = map[string]string{"X": "${{ secrets.PULUMI_ACCESS_TOKEN }}"} }),
		"all secrets for another workflow":  change(deployWorkflow, "ask", func(j *job) { j.Secrets = "inherit" }),
		"an environment of its own":         change(deployWorkflow, "ask", func(j *job) { j.Environment.Name = "prod" }),
		"the stack's name does not count":   change(stackWorkflow, "run", func(j *job) { j.Environment.Name = "prod" }),
		"it runs without the approval":      change(stackWorkflow, "run", func(j *job) { j.Needs = nil }),
		"a refusal is ignored":              change(stackWorkflow, "run", func(j *job) { j.If = "always()" }),
		"the approval is for others":        change(stackWorkflow, "approve", func(j *job) { j.If = "inputs.stack == 'staging'" }),
		"nobody is asked":                   change(stackWorkflow, "approve", func(j *job) { j.Environment.Name = "staging" }),
		"the question holds the group":      change(stackWorkflow, "approve", func(j *job) { j.Concurrency = &concurrency{Group: "stack-prod"} }),
		"untested images":                   change(deployWorkflow, "prod", func(j *job) { j.With["arguments"] += " -untested 'no time'" }),
		"unsigned images":                   change(deployWorkflow, "staging", func(j *job) { j.With["arguments"] += " -sign none" }),
		"a rollback of another stack":       change(".github/workflows/rollback.yml", "rollback", func(j *job) { j.With["stack"] = "staging" }),
		"an input changes the stack": change(".github/workflows/rollback.yml", "rollback", func(j *job) {
			j.With["arguments"] = "rollback -stack ${{ inputs.stack }} ${{ inputs.release && format('-to {0}', inputs.release) }}"
		}),
	} {
		all := workflows(t)
		edit(all)
		if len(findPaths(all)) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
}

// approved is the condition of the job that deploys.
const approved = "${{ !cancelled() && (needs.approve.result == 'success' || inputs.stack != 'prod') }}"

// changedStack matches the stack that a command changes.
var changedStack = regexp.MustCompile(`-(?:stack|to) (prod|staging|preview|\$\{\{ inputs\.stack \}\})`)

// findPaths returns the problems of workflows that allow a deployment outside of the environment of
// its stack, or to production without the approval.
func findPaths(all map[string]workflow) (problems []string) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	approve, run := all[stackWorkflow].Jobs["approve"], all[stackWorkflow].Jobs["run"]
	if approve.If != "inputs.stack == 'prod'" || approve.Environment.Name != "prod-approval" || approve.Concurrency != nil || all[stackWorkflow].Concurrency != nil {
		problem("approve does not ask for production without a group: %+v", approve)
	}
	if run.Environment.Name != "${{ inputs.stack }}" || !slices.Equal(run.Needs, needs{"approve"}) || run.If != approved {
		problem("run is in the environment %q, needs %q, if %s", run.Environment.Name, run.Needs, run.If)
	}
	for file, w := range all {
		for name, j := range w.Jobs {
			if j.Uses == "./"+stackWorkflow {
				stack, arguments := j.With["stack"], j.With["arguments"]
				targets := changedStack.FindAllStringSubmatch(arguments, -1)
				if strings.Contains(arguments, "-untested") || strings.Contains(arguments, "-sign") || strings.Contains(arguments, "-public-key") {
					problem("%s: %s asks for no proof that the images were tested: %q", file, name, arguments)
				}
				preview := stack == "preview" && strings.HasPrefix(arguments, "preview ")
				// The last flag of its name counts, so no input may follow it.
				if len(targets) != 1 || !preview && targets[0][1] != stack || strings.Contains(arguments, "inputs.release") && !strings.HasSuffix(arguments, "-stack "+stack) {
					problem("%s: %s runs %q in the environment %q", file, name, arguments, stack)
				}
				continue
			}
			if file == stackWorkflow {
				continue
			}
			if j.Uses != "" && j.Uses != "./"+suitesWorkflow {
				problem("%s: %s calls %s", file, name, j.Uses)
			}
			if j.Environment.Name != "" || j.Secrets != "" {
				problem("%s: %s has the environment %q and the secrets %q", file, name, j.Environment.Name, j.Secrets)
			}
			for _, s := range j.Steps {
				if regexp.MustCompile(`\b(deploy|promote|rollback|preview)\b`).MatchString(s.Run) {
					problem("%s: %s runs %q outside of %s", file, name, s.Run, stackWorkflow)
				}
				for variable, value := range s.Env {
					// The password of a registry reaches no stack.
					known := variable == "SLACK_WEBHOOK_URL" || variable == "REGISTRY_PASSWORD" && name == "publish" && strings.Count(value, "secrets.") == 1
					if strings.Contains(value, "secrets.") && !known {
						problem("%s: %s has %s", file, name, value)
					}
				}
			}
		}
	}
	return problems
}

// TestGitHubShowsTheAddress checks that the environment's page in GitHub links to the stack.
func TestGitHubShowsTheAddress(t *testing.T) {
	t.Parallel()
	run := workflows(t)[stackWorkflow].Jobs["run"]
	if want := "${{ steps.notify.outputs.url }}"; run.Environment.URL != want {
		t.Errorf("the address of the environment is %q, want %q", run.Environment.URL, want)
	}
	for _, s := range run.Steps {
		if s.ID == "notify" && strings.HasSuffix(s.Run, " notify") {
			return
		}
	}
	t.Error("no step notify writes the address")
}

// TestCancelReachesThePipeline checks that the interrupt of a cancelled run ends the pipeline. The
// runner sends it to the process of the step alone, not to the children of that process.
func TestCancelReachesThePipeline(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, ".local", "bin", "ci")
	if err := os.MkdirAll(filepath.Dir(program), 0o700); err != nil {
		t.Fatal(err)
	}
	const stub = "#!/bin/sh\ntrap 'touch interrupted; exit 1' INT\ntouch started\nfor i in $(seq 300); do sleep 0.01; done\n"
	if err := os.WriteFile(program, []byte(stub), 0o700); err != nil {
		t.Fatal(err)
	}
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	for _, s := range workflows(t)[stackWorkflow].Jobs["run"].Steps {
		if !strings.Contains(s.Run, "$ARGUMENTS") {
			continue
		}
		// https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
		script := filepath.Join(dir, "step.sh")
		if err := os.WriteFile(script, []byte(s.Run), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-e", script)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "ARGUMENTS=deploy -stack staging", "REGISTRY_USERNAME=robot")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		const enough = 10 * time.Second // GitHub's runner kills all processes after as long
		for end := time.Now().Add(enough); !exists("started") && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // the stub fails
		if !exists("interrupted") {
			t.Errorf("the interrupt did not reach the pipeline: %s", s.Run)
		}
		return
	}
	t.Fatal("no step runs the pipeline")
}
