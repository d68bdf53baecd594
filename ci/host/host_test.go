package host

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"taskmaster/ci/plan"
)

// shell returns a step that runs a script on this machine.
func shell(name, script string) plan.Step {
	return plan.Step{Name: name, Args: []string{"sh", "-c", script}}
}

func TestRun(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	var out bytes.Buffer
	first := shell("first", "echo $GREETING; echo said >&2; echo left > dist/left")
	first.Env, first.Outputs, first.Stdout = map[string]string{"GREETING": "hello"}, []string{"dist/left"}, "dist/printed"
	second := shell("second", "cat dist/left dist/printed")
	second.Needs = []string{"dist/left", "dist/printed"}
	r := &Runner{Root: root, Getenv: os.Getenv, Out: &out}
	if err := r.Run(t.Context(), plan.Plan{{first}, {second}}); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "== first\nsaid\n== second\nleft\nhello\n"; got != want {
		t.Errorf("output:\n%s, want\n%s", got, want)
	}
}

// TestFailure checks that a failed step ends the plan. The error has the step's name and output.
func TestFailure(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	r := &Runner{Root: root, Getenv: os.Getenv, Out: &bytes.Buffer{}}
	err := r.Run(t.Context(), plan.Plan{{shell("good", "true"), shell("bad", "echo the reason >&2; exit 3")}, {shell("later", "echo > ran")}})
	failure, ok := errors.AsType[*plan.StepError](err)
	if !ok {
		t.Fatalf("failed with %#v, want a failure of a step", err)
	}
	if diff := cmp.Diff(&plan.StepError{Step: "bad", Output: "the reason"}, failure, cmpopts.IgnoreFields(plan.StepError{}, "Err")); diff != "" {
		t.Errorf("the failure differs (-want +got):\n%s", diff)
	}
	if !strings.Contains(failure.Error(), "exit status 3") {
		t.Errorf("the failure %q lacks the exit status", failure)
	}
	if _, err := os.Stat(filepath.Join(root, "ran")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the next stage ran: %v", err)
	}
	missing := plan.Step{Name: "missing", Args: []string{"no-such-program"}}
	if err := r.Run(t.Context(), plan.Plan{{missing}}); err == nil || !strings.Contains(err.Error(), "missing") || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("failed with %v", err)
	}
}

// TestReports checks that the failed tests of a report are named, and that a report of an earlier run
// is not taken for one of this run.
func TestReports(t *testing.T) {
	t.Parallel()
	const junit = `<testsuites><testsuite name="p"><testcase name="TestNext"><failure>a wrong day</failure></testcase></testsuite></testsuites>`
	for script, want := range map[string]string{
		"echo '" + junit + "' > $REPORT; echo noise; exit 1": "FAIL p TestNext\n    a wrong day",
		"echo noise; exit 1": "noise",
	} {
		root := t.TempDir()
		file := filepath.Join(root, filepath.FromSlash(plan.JUnit))
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(junit, "TestNext", "TestOfAnEarlierRun")), 0o600); err != nil {
			t.Fatal(err)
		}
		step := shell("tests", script)
		step.Reports, step.Env = []string{plan.JUnit}, map[string]string{"REPORT": plan.JUnit}
		err := (&Runner{Root: root, Getenv: os.Getenv, Out: &bytes.Buffer{}}).Run(t.Context(), plan.Plan{{step}})
		failure, ok := errors.AsType[*plan.StepError](err)
		if !ok || failure.Output != want {
			t.Errorf("%s: failed with %#v, want %q", script, failure, want)
		}
	}
}

// TestCancel checks that cancelling the pipeline stops its command.
func TestCancel(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	// The command prints a word when it has started.
	r := &Runner{Root: root, Getenv: os.Getenv, Out: writer(func(p []byte) {
		if bytes.Contains(p, []byte("started")) {
			cancel()
		}
	})}
	err := r.Run(ctx, plan.Plan{{shell("long", "trap 'echo > ended; exit 1' INT; echo started; while :; do sleep 0.05; done")}})
	if !errors.Is(err, context.Canceled) || err.Error() != "cancelled during long" {
		t.Errorf("ended with %v", err)
	}
	if _, err := os.Stat(filepath.Join(root, "ended")); err != nil {
		t.Errorf("the command was not asked to end: %v", err)
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

// TestSecrets checks that a secret reaches only the step that lists it, although the process has it
// in its environment.
func TestSecrets(t *testing.T) {
	t.Setenv("REGISTRY_PASSWORD", "planted-secret")
	t.Setenv("KUBECONFIG", "/planted/file")
	root := t.TempDir()
	asks := shell("asks", `test "$REGISTRY_PASSWORD" = planted-secret`)
	asks.Secrets = []string{"REGISTRY_PASSWORD"}
	other := shell("other", `test -z "$REGISTRY_PASSWORD"`)
	asks.SecretFiles, other.Args[2] = []string{"KUBECONFIG"}, other.Args[2]+` && test -z "$KUBECONFIG"`
	asks.Args[2] += ` && test "$KUBECONFIG" = /planted/file`
	r := &Runner{Root: root, Getenv: os.Getenv, Out: &bytes.Buffer{}}
	if err := r.Run(t.Context(), plan.Plan{{asks, other}}); err != nil {
		t.Error(err)
	}
}

// TestOptional checks that an optional step may fail without ending the plan.
func TestOptional(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	try := shell("try", "exit 1")
	try.Optional = true
	r := &Runner{Root: root, Getenv: os.Getenv, Out: &bytes.Buffer{}}
	if err := r.Run(t.Context(), plan.Plan{{try}, {shell("later", "echo > ran")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "ran")); err != nil {
		t.Errorf("the next step did not run: %v", err)
	}
}
