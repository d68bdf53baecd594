package rollout

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/ci/plan"
	"taskmaster/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// stack returns a stack with credentials and a command to install.
func stack(name string) plan.Stack {
	return plan.Stack{
		Name: "owner/" + name, Cloud: "oke", URL: "https://" + name + ".example.com",
		Settings: plan.Settings{Variables: []string{"ARM_USE_OIDC"}, Secrets: []string{"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"}, SecretFiles: []string{"KUBECONFIG"}},
	}
}

// images returns images of one version. The digit makes up their digests.
func images(digit string) map[string]string {
	digest := "@sha256:" + strings.Repeat(digit, 64)
	return map[string]string{"web": "ghcr.io/owner/taskmaster-web" + digest, "api": "ghcr.io/owner/taskmaster-api" + digest}
}

// recording is a Recorder on which the step with the name fail fails.
type recording struct {
	Recorder
	fail string
}

func (r *recording) Run(ctx context.Context, p plan.Plan) error {
	for i, stage := range p {
		if slices.ContainsFunc(stage, func(s plan.Step) bool { return s.Name == r.fail }) {
			return errors.Join(r.Recorder.Run(ctx, p[:i+1]), &plan.StepError{Step: r.fail, Err: errRefused})
		}
	}
	return r.Recorder.Run(ctx, p)
}

// recorded returns the plans of all commands that deploy, as they run.
func recorded(t *testing.T) map[string][]plan.Plan {
	t.Helper()
	staging, prod := stack("staging"), stack("prod")
	project := plan.Project{Source: "https://example.com/taskmaster", Smoke: []string{"internal/task", "tests/smoke", "tests/system"}}
	release := plan.Release{Username: "robot", Signing: plan.Keyless}
	answers := plan.Record{Passed: []plan.Deployment{
		{Number: 5, Revision: "aaaa", Images: images("5")}, {Number: 6, Revision: "bbbb", Images: images("6")},
	}}.Outputs(prod)
	maps.Copy(answers, plan.Record{Passed: []plan.Deployment{{Number: 8, Revision: "cccc", Images: images("8")}}}.Outputs(staging))

	all := map[string][]plan.Plan{}
	for command, c := range map[string]struct {
		run  func(*Rollout) error
		fail string
	}{
		"untested": {run: func(r *Rollout) error {
			r.Untested = "the tests wait"
			return r.Deploy(t.Context(), images("7"), "dddd")
		}},
		"deploy":    {run: func(r *Rollout) error { return r.Deploy(t.Context(), images("7"), "dddd") }},
		"promote":   {run: func(r *Rollout) error { return r.Promote(t.Context(), staging, "cccc") }},
		"rollback":  {run: func(r *Rollout) error { return r.Rollback(t.Context(), 0) }},
		"preview":   {run: func(r *Rollout) error { return r.Preview(t.Context()) }},
		"restore":   {run: func(r *Rollout) error { return r.Deploy(t.Context(), images("7"), "dddd") }, fail: "smoke test of owner/prod"},
		"take over": {run: func(r *Rollout) error { r.TakeOver = true; return r.Promote(t.Context(), staging, "") }, fail: "record the release of owner/prod"},
	} {
		exec := &recording{Recorder: Recorder{Answers: answers}, fail: c.fail}
		err := c.run(&Rollout{Project: project, Release: release, Stack: prod, Exec: exec, Out: &bytes.Buffer{}})
		if c.fail == "" && err != nil || c.fail != "" && !errors.Is(err, errRefused) {
			t.Fatalf("%s: %v", command, err)
		}
		all[command] = exec.Plans
	}
	return all
}

// TestGolden compares the steps of each command with the golden files, so that a review shows every
// change. untested is a deployment without proof that the tests passed, and restore is a deployment whose smoke test fails.
func TestGolden(t *testing.T) {
	t.Parallel()
	all := recorded(t)
	for _, command := range []string{"deploy", "untested", "promote", "rollback", "preview", "restore"} {
		var got strings.Builder
		slices.Concat(all[command]...).Print(&got, command)
		testkit.Golden(t, *update, filepath.Join("testdata", command+".golden"), got.String())
	}
}

// TestCredentials checks that only steps that reach Pulumi or the cluster get credentials. The
// smoke test gets none.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for command, plans := range recorded(t) {
		for _, stage := range slices.Concat(plans...) {
			for _, s := range stage {
				needs := s.Args[0] == "pulumi" || s.Args[0] == "sh"
				if got := slices.Contains(s.Secrets, "PULUMI_ACCESS_TOKEN") && slices.Contains(s.SecretFiles, "KUBECONFIG"); got != needs {
					t.Errorf("%s: %s gets credentials: %v", command, s.Name, got)
				}
			}
		}
	}
}

// TestTimeToRestore checks that a failed deployment and its restoration fit into the default time
// limit of the pipeline. The longest run takes the stack over and fails at its last step.
func TestTimeToRestore(t *testing.T) {
	t.Parallel()
	var longest time.Duration
	for _, stage := range slices.Concat(recorded(t)["take over"]...) {
		var slowest time.Duration
		for _, s := range stage {
			if s.Timeout == 0 {
				t.Errorf("%s may take forever", s.Name)
			}
			slowest = max(slowest, s.Timeout)
		}
		longest += slowest
	}
	if longest > plan.DefaultTimeout {
		t.Errorf("it may take %v, want at most %v", longest, plan.DefaultTimeout)
	}
}

// TestRecorder checks that a recording shows a wrong plan: one that reads a file that no step has
// left, or whose steps lack their inputs.
func TestRecorder(t *testing.T) {
	t.Parallel()
	r := &Recorder{Answers: map[string]string{"a": "text"}}
	if _, err := r.Read("a"); err == nil || !strings.Contains(err.Error(), "no step has left it") {
		t.Errorf("read a file before its step: %v", err)
	}
	if err := r.Run(t.Context(), plan.Plan{{{Name: "one", Outputs: []string{"a"}}}}); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Read("a"); err != nil || string(got) != "text" {
		t.Errorf("read %q, %v", got, err)
	}
	if err := r.Run(t.Context(), plan.Plan{{{Name: "two", Needs: []string{"a"}}}}); err == nil {
		t.Error("a plan needs a file of another plan, and is valid")
	}
}
