//go:build deploy

package deploy

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReleases deploys, fails, promotes and rolls back releases in one sequence on the same stacks.
// After each step it checks the reported state and the running images.
func TestReleases(t *testing.T) {
	r := newRepository(t)

	r.done("deploy", "-stack", "staging", "-images", images("1"))
	r.want("staging", "1")

	// A configuration error changes nothing.
	status, out := r.ci("deploy", "-stack", "staging", "-images", images("a"))
	if status != 1 || !strings.Contains(out, "an error in the configuration") {
		t.Errorf("status %d\n%s", status, out)
	}
	if got := r.result(); got.Outcome != "unchanged" || got.Step != "preview of staging" {
		t.Errorf("result %+v", got)
	}
	r.want("staging", "1")

	// A release that never becomes ready is undone, and so is one whose smoke test fails.
	for version, step := range map[string]string{"b": "update staging", "d": "smoke test of staging"} {
		status, out := r.ci("deploy", "-stack", "staging", "-images", images(version))
		if status != 1 || !strings.Contains(out, "FAILED "+step) || !strings.Contains(out, "staging was restored: release 1 runs again") {
			t.Errorf("%s: status %d\n%s", step, status, out)
		}
		r.want("staging", "1")
		got := r.result()
		if got.Outcome != "restored" || got.Before.Number != 1 {
			t.Errorf("%s: result %+v, want release 1 restored", step, got)
		}
		if got.Step != step || got.Output == "" {
			t.Errorf("%s: failed at %q with the output %q", step, got.Step, got.Output)
		}
	}

	r.done("promote", "-from", "staging", "-to", "prod")
	r.want("prod", "1")
	r.done("deploy", "-stack", "staging", "-images", images("2"))
	r.done("promote", "-from", "staging", "-to", "prod")
	r.want("prod", "2")
	got := r.result()
	if got.Outcome != "deployed" || got.Command != "promote" || got.Stack != "prod" {
		t.Errorf("result %+v, want prod deployed by promote", got)
	}
	if got.Before.Images["web"] == got.Release.Images["web"] {
		t.Errorf("the release before has the same image %s", got.Release.Images["web"])
	}

	// A killed deployment leaves a lock and half of its update. Later runs refuse to continue, and
	// a rollback repairs the stack.
	r.kill("staging", "c")
	if status, out := r.ci("deploy", "-stack", "staging", "-images", images("3")); status != 1 || !strings.Contains(out, "-take-over") {
		t.Errorf("status %d\n%s", status, out)
	}
	if status, out := r.ci("promote", "-from", "staging", "-to", "prod"); status != 1 || !strings.Contains(out, "an update started after release") {
		t.Errorf("status %d\n%s", status, out)
	}
	// If only Pulumi's lock is left, as by a manual pulumi up, the lock stays.
	tag := strings.TrimSpace(r.must(exec.Command("pulumi", "stack", "tag", "get", "releases", "--stack", "staging"), r.root))
	passed := tag[:strings.LastIndex(tag, ",")]
	r.must(exec.Command("pulumi", "stack", "tag", "set", "releases", passed, "--stack", "staging"), r.root)
	if status, out := r.ci("deploy", "-stack", "staging", "-images", images("3")); status != 1 || r.result().Outcome != "unchanged" || strings.Contains(out, "restoring") {
		t.Errorf("%s: status %d\n%s", tag, status, out)
	}
	r.must(exec.Command("pulumi", "stack", "tag", "set", "releases", tag, "--stack", "staging"), r.root)
	r.done("rollback", "-stack", "staging")
	r.want("staging", "2")

	// A deployment also repairs the stack. A cancelled deployment reports its outcome.
	r.interrupt("staging", "c")
	if got := r.result(); got.Outcome != "cancelled" || got.Step != "update staging" {
		t.Errorf("result %+v", got)
	}
	r.done("deploy", "-take-over", "-stack", "staging", "-images", images("3"))
	r.want("staging", "3")
	r.done("rollback", "-stack", "staging")
	r.want("staging", "2")
	r.done("rollback", "-stack", "staging", "-to", "1")
	r.want("staging", "1")
	if status, out := r.ci("rollback", "-stack", "staging"); status != 1 || !strings.Contains(out, "there is no release before") {
		t.Errorf("status %d\n%s", status, out)
	}

	r.done("preview", "-stack", "staging")

	if changed := r.must(exec.Command("git", "status", "--porcelain"), r.root); changed != "" {
		t.Errorf("the repository was changed:\n%s", changed)
	}
	r.searchSecrets()
}

// result returns the result of the last deployment.
func (r *repository) result() (result struct {
	Command                      string `json:"command"`
	Stack, Outcome, Step, Output string
	Release                      struct {
		Images   map[string]string
		Untested string
	}
	Before struct {
		Number int
		Images map[string]string
	}
}) {
	r.t.Helper()
	raw, err := os.ReadFile(filepath.Join(r.root, ".local", "dist", "result.json"))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		r.t.Fatal(err)
	}
	return result
}

// kill kills a deployment and all its processes.
func (r *repository) kill(stack, version string) {
	r.end(stack, version, func(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) })
}

// interrupt sends an interrupt to a deployment.
func (r *repository) interrupt(stack, version string) {
	r.end(stack, version, func(pid int) error { return syscall.Kill(pid, syscall.SIGINT) })
}

// end starts a deployment that never ends and signals it when a part of it runs.
func (r *repository) end(stack, version string, signal func(pid int) error) {
	r.t.Helper()
	var out bytes.Buffer
	cmd := r.command(&out, "deploy", "-stack", stack, "-images", images(version))
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	deadline := time.Now().Add(ciTimeout)
	for !strings.Contains(r.runs(stack), "sha256:"+version) && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	if err := signal(cmd.Process.Pid); err != nil {
		r.t.Error(err)
	}
	err := cmd.Wait()
	if err == nil || !strings.Contains(r.runs(stack), "sha256:"+version) {
		r.t.Errorf("the deployment ended with %v, and the stack runs %s:\n%s", err, r.runs(stack), out.String())
	}
	r.printed.Write(out.Bytes())
}

// searchSecrets searches all output and files for the planted secrets.
func (r *repository) searchSecrets() {
	r.t.Helper()
	if strings.Contains(r.printed.String(), planted) {
		r.t.Errorf("a secret is printed:\n%s", r.printed.String())
	}
	for _, folder := range []string{r.root, filepath.Join(r.home, "state"), filepath.Join(r.home, "pulumi")} {
		err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(file)
			if bytes.Contains(text, []byte(planted)) {
				r.t.Errorf("a secret is in %s", file)
			}
			return err
		})
		if err != nil {
			r.t.Error(err)
		}
	}
}

// TestUntested checks that images without proof of their tests reach a stack only with a reason. The
// reason is part of the record of the stack. prod refuses them unless its file allows them.
func TestUntested(t *testing.T) {
	const reason = "nobody can log in"
	r := newRepository(t)
	for version, step := range map[string]string{"e": "verify the test results", "f": "verify the signatures"} {
		status, out := r.ci("deploy", "-stack", "staging", "-images", images(version))
		if status != 1 || !strings.Contains(out, "FAILED "+step) || !strings.Contains(out, "staging is unchanged") || r.runs("staging") != "" {
			t.Errorf("%s: status %d, and staging runs %q\n%s", step, status, r.runs("staging"), out)
		}
	}
	status, out := r.ci("deploy", "-stack", "staging", "-images", images("e"), "-untested", reason)
	if status != 0 || !strings.Contains(out, "UNTESTED: "+reason) || r.result().Release.Untested != reason {
		t.Errorf("status %d, result %+v\n%s", status, r.result(), out)
	}
	r.want("staging", "e")
	history := r.must(exec.Command("pulumi", "stack", "history", "--json", "--stack", "staging"), r.root)
	if !strings.Contains(history, "UNTESTED: "+reason) || !strings.Contains(history, `"untested": "`+reason) {
		t.Errorf("the history lacks the reason:\n%s", history)
	}

	if status, out := r.ci("promote", "-from", "staging", "-to", "prod"); status != 1 || !strings.Contains(out, "FAILED verify the test results") {
		t.Errorf("status %d\n%s", status, out)
	}
	promote := []string{"promote", "-from", "staging", "-to", "prod", "-untested", reason}
	if status, out := r.ci(promote...); status != 2 || !strings.Contains(out, "set taskmaster:allowUntested to true in stacks/Pulumi.prod.yaml") {
		t.Errorf("status %d\n%s", status, out)
	}
	if r.runs("prod") != "" {
		t.Errorf("prod runs %s", r.runs("prod"))
	}
	r.must(exec.Command("pulumi", "config", "set", "allowUntested", "true", "--stack", "prod"), r.root)
	r.done(promote...)
	r.want("prod", "e")
}
