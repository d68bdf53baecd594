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

// One after another, on the same stacks: releases come, fail, go on and go back, and each time what runs is said and true.
func TestReleases(t *testing.T) {
	r := newRepository(t)

	r.done("deploy", "-stack", "staging", "-images", images("1"))
	r.want("staging", "1")

	// What the program refuses changes nothing.
	status, said := r.ci("deploy", "-stack", "staging", "-images", images("a"))
	if got := r.result(); status != 1 || !strings.Contains(said, "a mistake in the configuration") || got.Outcome != "unchanged" || got.Step != "preview of staging" {
		t.Errorf("status %d, result %+v\n%s", status, got, said)
	}
	r.want("staging", "1")

	// One that never becomes ready, and one that does not work, end as it was before.
	for version, step := range map[string]string{"b": "update staging", "d": "smoke test of staging"} {
		status, said := r.ci("deploy", "-stack", "staging", "-images", images(version))
		if status != 1 || !strings.Contains(said, "FAILED "+step) || !strings.Contains(said, "staging is as it was: release 1 runs again") {
			t.Errorf("%s: status %d\n%s", step, status, said)
		}
		r.want("staging", "1")
		if got := r.result(); got.Outcome != "restored" || got.Step != step || got.Output == "" || got.Before.Number != 1 {
			t.Errorf("%s: result %+v", step, got)
		}
	}

	r.done("promote", "-from", "staging", "-to", "prod", "-sign", "none")
	r.want("prod", "1")
	r.done("deploy", "-stack", "staging", "-images", images("2"))
	r.done("promote", "-from", "staging", "-to", "prod", "-sign", "none")
	r.want("prod", "2")
	if got := r.result(); got.Outcome != "deployed" || got.Verb != "promote" || got.Stack != "prod" || got.Before.Images["web"] == got.Release.Images["web"] {
		t.Errorf("result %+v", got)
	}

	// One that is killed leaves a lock and half of itself. Nobody goes on by mistake, and a rollback puts it right.
	r.kill("staging", "c")
	if status, said := r.ci("deploy", "-stack", "staging", "-images", images("3")); status != 1 || !strings.Contains(said, "-take-over") {
		t.Errorf("status %d\n%s", status, said)
	}
	if status, said := r.ci("promote", "-from", "staging", "-to", "prod", "-sign", "none"); status != 1 || !strings.Contains(said, "was begun after release") {
		t.Errorf("status %d\n%s", status, said)
	}
	// Where only Pulumi's lock is left, as by somebody's pulumi up, it stays theirs.
	tag := strings.TrimSpace(r.must(exec.Command("pulumi", "stack", "tag", "get", "releases", "--stack", "staging"), r.root))
	passed := tag[:strings.LastIndex(tag, ",")]
	r.must(exec.Command("pulumi", "stack", "tag", "set", "releases", passed, "--stack", "staging"), r.root)
	if status, said := r.ci("deploy", "-stack", "staging", "-images", images("3")); status != 1 || r.result().Outcome != "unchanged" || strings.Contains(said, "restoring") {
		t.Errorf("%s: status %d\n%s", tag, status, said)
	}
	r.must(exec.Command("pulumi", "stack", "tag", "set", "releases", tag, "--stack", "staging"), r.root)
	r.done("rollback", "-stack", "staging")
	r.want("staging", "2")

	// So does the next release. One that is asked to end says how it left things.
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
	if status, said := r.ci("rollback", "-stack", "staging"); status != 1 || !strings.Contains(said, "there is no release before") {
		t.Errorf("status %d\n%s", status, said)
	}

	r.done("preview", "-stack", "staging")

	if changed := r.must(exec.Command("git", "status", "--porcelain"), r.root); changed != "" {
		t.Errorf("the repository was changed:\n%s", changed)
	}
	r.searchSecrets()
}

// result is what the last deployment left.
func (r *repository) result() (result struct {
	Verb, Stack, Outcome, Step, Output string
	Release                            struct{ Images map[string]string }
	Before                             struct {
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

// kill kills a deployment and everything that it has started.
func (r *repository) kill(stack, version string) {
	r.end(stack, version, func(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) })
}

// interrupt asks a deployment to end.
func (r *repository) interrupt(stack, version string) {
	r.end(stack, version, func(pid int) error { return syscall.Kill(pid, syscall.SIGINT) })
}

// end deploys a version that takes for ever, and ends that once part of it runs.
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
		r.t.Errorf("it ended with %v, and runs %s:\n%s", err, r.runs(stack), out.String())
	}
	r.said.Write(out.Bytes())
}

// searchSecrets looks for the planted secrets in everything that was printed and written.
func (r *repository) searchSecrets() {
	r.t.Helper()
	if strings.Contains(r.said.String(), planted) {
		r.t.Errorf("a secret shows:\n%s", r.said.String())
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
