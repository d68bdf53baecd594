package rollout

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"taskmaster/ci/plan"
)

// on returns the Rollout of a stack.
func (s *stacks) on(name string) *Rollout {
	return &Rollout{
		Release: plan.Release{Signing: plan.WithKey, PublicKey: "cosign.pub"},
		Stack:   plan.Stack{Name: name, URL: "https://" + name + ".example.com"}, Exec: Workspace{Root: s.root, Do: s.do}, Out: &bytes.Buffer{},
	}
}

// deploy deploys a version. The version is the name of its image.
func (s *stacks) deploy(t *testing.T, name, version string) error {
	t.Helper()
	return s.on(name).Deploy(t.Context(), map[string]string{"api": version}, "commit-of-"+version)
}

// result reads the result of the last deployment.
func (s *stacks) result(t *testing.T) (r plan.Result) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.root, plan.ResultFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// must fails the test if err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var errRefused = errors.New("refused")

// failing makes the steps fail whose name has the prefix step. An empty version matches all
// versions.
func failing(step, version string) func(plan.Step) error {
	return func(s plan.Step) error {
		if strings.HasPrefix(s.Name, step) && strings.Contains(strings.Join(s.Args, " "), version) {
			return errRefused
		}
		return nil
	}
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	s := newStacks(t)
	must(t, s.deploy(t, "staging", "one"))
	must(t, s.deploy(t, "staging", "two"))
	r := s.result(t)
	if r.Failed() || r.Began.IsZero() {
		t.Errorf("the result has failed or no beginning: %+v", r)
	}
	want := plan.Result{
		Command: "deploy", Stack: "staging", URL: "https://staging.example.com", Outcome: plan.Deployed, Began: r.Began, Seconds: r.Seconds,
		Release: plan.Deployment{Number: 2, Revision: "commit-of-two", Images: map[string]string{"api": "two"}},
		Before:  &plan.Deployment{Number: 1, Revision: "commit-of-one", Images: map[string]string{"api": "one"}},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("the result differs (-want +got):\n%s", diff)
	}
	if s.runs["staging"] != "two" || s.tags["staging"] != "1,2" {
		t.Errorf("runs %s, passed %s", s.runs["staging"], s.tags["staging"])
	}
}

// TestFailure checks that the stack returns to its old state after any failure. The result names
// the failed step.
func TestFailure(t *testing.T) {
	t.Parallel()
	for step, outcome := range map[string]plan.Outcome{
		"history": plan.Unchanged, "tags": plan.Unchanged, "preview": plan.Unchanged, "configure": plan.Unchanged, "start": plan.Unchanged,
		"update": plan.Restored, "smoke": plan.Restored, "record": plan.Restored,
	} {
		s := newStacks(t)
		must(t, s.deploy(t, "staging", "one"))
		s.fail = failing(step, "")
		err := s.deploy(t, "staging", "two")
		r := s.result(t)
		if !errors.Is(err, errRefused) || !strings.Contains(err.Error(), map[plan.Outcome]string{plan.Unchanged: "staging is unchanged", plan.Restored: "staging was restored"}[outcome]) {
			t.Errorf("%s: %v", step, err)
		}
		if r.Outcome != outcome || !r.Failed() || r.Output != "the last lines" {
			t.Errorf("%s: %+v", step, r)
		}
		if !strings.HasPrefix(r.Step, step) || !strings.Contains(r.Reason, "refused") {
			t.Errorf("%s: failed at %q because %q", step, r.Step, r.Reason)
		}
		if s.runs["staging"] != "one" {
			t.Errorf("%s: runs %s", step, s.runs["staging"])
		}
		if outcome == plan.Restored && s.tags["staging"] != "1" {
			t.Errorf("%s: passed %s", step, s.tags["staging"])
		}
		// The next deployment gets a number of its own.
		s.fail = nil
		must(t, s.deploy(t, "staging", "three"))
		if s.runs["staging"] != "three" || s.result(t).Before.Images["api"] != "one" {
			t.Errorf("%s: then runs %s, %+v", step, s.runs["staging"], s.result(t))
		}
	}
}

// TestBroken checks that a failed restoration gives the outcome broken. The result names the step
// that failed first.
func TestBroken(t *testing.T) {
	t.Parallel()
	s := newStacks(t)
	s.fail = failing("update", "")
	err := s.deploy(t, "staging", "one")
	if r := s.result(t); r.Outcome != plan.Broken || r.Before != nil || !strings.Contains(err.Error(), "there is no release to return to") {
		t.Errorf("the first release: %v, %+v", err, r)
	}
	s.fail = nil
	must(t, s.deploy(t, "staging", "one"))
	s.fail = func(step plan.Step) error {
		if strings.Contains(step.Name, "smoke") {
			return errRefused
		}
		return nil
	}
	err = s.deploy(t, "staging", "two")
	if r := s.result(t); r.Outcome != plan.Broken || !strings.HasPrefix(r.Step, "smoke") || !strings.Contains(r.Reason, "restore: smoke") {
		t.Errorf("failed: %v, %+v", err, r)
	}
}

// TestCancelled checks that a cancelled pipeline does not wait for a restoration. The started
// release stays recorded, and the next run handles it.
func TestCancelled(t *testing.T) {
	t.Parallel()
	s := newStacks(t)
	must(t, s.deploy(t, "staging", "one"))
	ctx, cancel := context.WithCancel(t.Context())
	s.fail = func(step plan.Step) error {
		if strings.HasPrefix(step.Name, "update") {
			cancel()
		}
		return nil
	}
	err := s.on("staging").Deploy(ctx, map[string]string{"api": "two"}, "")
	if r := s.result(t); r.Outcome != plan.Cancelled || !errors.Is(err, context.Canceled) || s.tags["staging"] != "1,2?" {
		t.Errorf("ended with %v, %+v, %s", err, r, s.tags["staging"])
	}
	s.fail = nil
	if err := s.deploy(t, "staging", "three"); err == nil || !strings.Contains(err.Error(), "-take-over") || s.result(t).Outcome != plan.Unchanged {
		t.Errorf("deployed during another run: %v, %+v", err, s.result(t))
	}
	if err := s.on("prod").Promote(t.Context(), plan.Stack{Name: "staging"}, ""); err == nil {
		t.Error("promoted an unfinished release")
	}
	must(t, s.on("staging").Rollback(t.Context(), 0))
	if s.runs["staging"] != "one" || s.tags["staging"] != "1" {
		t.Errorf("rolled back to %s, passed %s", s.runs["staging"], s.tags["staging"])
	}
}

// TestLocked checks that the update of another run is left alone.
func TestLocked(t *testing.T) {
	t.Parallel()
	s := newStacks(t)
	must(t, s.deploy(t, "staging", "one"))
	s.fail, s.output = failing("update", ""), "error: [409] Conflict: Another update is currently in progress."
	s.steps = nil
	err := s.deploy(t, "staging", "two")
	if r := s.result(t); r.Outcome != plan.Unchanged || !errors.Is(err, errRefused) {
		t.Errorf("ended with %v, %+v", err, r)
	}
	if s.tags["staging"] != "1" {
		t.Errorf("passed %s", s.tags["staging"])
	}
	if slices.Contains(s.steps, "restore: cancel the update of staging") {
		t.Errorf("cancelled the update of another run: %v", s.steps)
	}
}

// TestUntested checks that deploy and promote change nothing if an image is not signed, or nothing
// proves that its tests passed. A reason replaces the proof, and everybody is told.
func TestUntested(t *testing.T) {
	t.Parallel()
	const reason = "the registry is down, and logins fail"
	for _, step := range []string{"verify the signatures", "verify the test results"} {
		s := newStacks(t)
		must(t, s.deploy(t, "staging", "one"))
		must(t, s.on("prod").Promote(t.Context(), plan.Stack{Name: "staging"}, ""))
		must(t, s.deploy(t, "staging", "two"))
		s.fail = failing(step, "")
		if err := s.deploy(t, "staging", "three"); !errors.Is(err, errRefused) || s.result(t).Outcome != plan.Unchanged || s.runs["staging"] != "two" {
			t.Errorf("%s: deployed %s: %v", step, s.runs["staging"], err)
		}
		untested := s.on("prod")
		untested.Untested = reason
		err := untested.Promote(t.Context(), plan.Stack{Name: "staging"}, "")
		if step == "verify the signatures" {
			if !errors.Is(err, errRefused) || s.runs["prod"] != "one" {
				t.Errorf("promoted unsigned images: %s: %v", s.runs["prod"], err)
			}
			continue
		}
		must(t, err)
		r := s.result(t)
		if out := untested.Out.(*bytes.Buffer).String(); s.runs["prod"] != "two" || r.Release.Untested != reason || !strings.HasSuffix(out, "UNTESTED: "+reason+"\n") {
			t.Errorf("prod runs %s, %+v: %s", s.runs["prod"], r.Release, out)
		}
		// A later release is tested. The record still knows about this one.
		s.fail = nil
		must(t, s.deploy(t, "prod", "four"))
		if r := s.result(t); r.Release.Untested != "" || strings.Contains(r.Summary(), "UNTESTED") {
			t.Errorf("the tested release is %+v: %s", r.Release, r.Summary())
		}
		s.fail = failing("update", "five")
		if err := s.deploy(t, "prod", "five"); !errors.Is(err, errRefused) {
			t.Errorf("deployed: %v", err)
		}
		s.fail = nil
		must(t, s.on("prod").Rollback(t.Context(), 2))
		if r := s.result(t); r.Release.Untested != reason || !strings.Contains(r.Summary(), "UNTESTED: "+reason) {
			t.Errorf("rolled back to %+v: %s", r.Release, r.Summary())
		}
	}
}

// TestPromote checks that the images of staging are deployed unchanged. Their signatures are
// verified before prod is touched.
func TestPromote(t *testing.T) {
	t.Parallel()
	s := newStacks(t)
	commit := ""
	promote := func() error { return s.on("prod").Promote(t.Context(), plan.Stack{Name: "staging"}, commit) }
	if err := promote(); err == nil || !strings.Contains(err.Error(), "staging has nothing to promote") {
		t.Errorf("promoted from a stack without releases: %v", err)
	}
	must(t, s.deploy(t, "staging", "one"))
	must(t, promote())
	must(t, s.deploy(t, "staging", "two"))
	var verified []string
	s.fail = func(step plan.Step) error {
		if step.Name == "verify the signatures" {
			verified = step.Args[slices.Index(step.Args, "verify")+1:]
			return errRefused
		}
		return nil
	}
	if err := promote(); !errors.Is(err, errRefused) || s.result(t).Outcome != plan.Unchanged {
		t.Errorf("ended with %v, %+v", err, s.result(t))
	}
	if s.runs["prod"] != "one" || !slices.Equal(verified, []string{"two"}) {
		t.Errorf("verified %v, runs %s", verified, s.runs["prod"])
	}
	s.fail = nil
	// Staging got a new release after the approval. The approval does not cover it.
	commit = "commit-of-one"
	if err := promote(); err == nil || !strings.Contains(err.Error(), `staging runs commit "commit-of-two" now`) || s.result(t).Outcome != plan.Unchanged {
		t.Errorf("promoted a release that was not approved: %v, %+v", err, s.result(t))
	}
	commit = "commit-of-two"
	must(t, promote())
	if s.runs["prod"] != "two" {
		t.Errorf("runs %s", s.runs["prod"])
	}
	r := s.result(t)
	want := r
	want.Release.Revision, want.Command, want.Stack = "commit-of-two", "promote", "prod"
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("the result differs (-want +got):\n%s", diff)
	}
	for _, step := range s.steps {
		if strings.Contains(step, "compile") || strings.Contains(step, "publish") {
			t.Errorf("rebuilt: %s", step)
		}
	}
}

// TestRollback checks repeated rollbacks. Each one first frees the stack.
func TestRollback(t *testing.T) {
	t.Parallel()
	s := newStacks(t)
	for _, version := range []string{"one", "two", "three", "four"} {
		must(t, s.deploy(t, "prod", version))
	}
	s.steps = nil
	must(t, s.on("prod").Rollback(t.Context(), 0))
	if s.runs["prod"] != "three" || s.tags["prod"] != "1,2,3" {
		t.Errorf("runs %s, passed %s", s.runs["prod"], s.tags["prod"])
	}
	free, up := slices.Index(s.steps, "cancel the update of prod"), slices.Index(s.steps, "update prod")
	if free < 0 || free > up {
		t.Errorf("did %v", s.steps)
	}
	must(t, s.on("prod").Rollback(t.Context(), 1))
	if s.runs["prod"] != "one" || s.tags["prod"] != "1" {
		t.Errorf("runs %s, passed %s", s.runs["prod"], s.tags["prod"])
	}
	if err := s.on("prod").Rollback(t.Context(), 4); err == nil || s.result(t).Outcome != plan.Unchanged || s.runs["prod"] != "one" {
		t.Errorf("went to %s: %v", s.runs["prod"], err)
	}
	must(t, s.deploy(t, "prod", "five"))
	if s.tags["prod"] != "1,5" {
		t.Errorf("a number was given twice: passed %s", s.tags["prod"])
	}
}
