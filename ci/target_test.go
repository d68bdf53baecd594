package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"taskmaster/ci/plan"
)

// named returns an -images argument with an image of each service.
func named(services []plan.Component) string {
	var all []string
	for _, c := range services {
		all = append(all, c.Name+"=ghcr.io/owner/taskmaster-"+c.Name+"@sha256:"+strings.Repeat("1", 64))
	}
	return strings.Join(all, ",")
}

// TestInvalidTarget checks that all problems of the target flags are reported at once and nothing
// runs.
func TestInvalidTarget(t *testing.T) {
	t.Parallel()
	root, project, err := readProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	images := named(project.Services)
	token := map[string]string{"PULUMI_ACCESS_TOKEN": "token"}
	for _, test := range []struct {
		args []string
		env  map[string]string
		want []string
	}{
		{[]string{"deploy"}, nil, []string{"-stack: name a stack; the stacks are aks, gke, local, oke, prod, staging", "PULUMI_ACCESS_TOKEN"}},
		{[]string{"deploy", "-stack", "stagign", "-images", images}, token, []string{`-stack: unknown stack "stagign"; the stacks are aks`}},
		{
			[]string{"deploy", "-stack", "staging", "-images", "api=ghcr.io/owner/api:latest,wbe=x"}, token,
			[]string{`api: "ghcr.io/owner/api:latest" is not REPOSITORY@sha256:DIGEST`, "live is missing", "web is missing", `unknown service "wbe"`},
		},
		{[]string{"deploy", "-stack", "staging", "-images", strings.ReplaceAll(images, "ghcr.io", "localhost")}, token, []string{"was built but not published"}},
		{[]string{"promote", "-from", "prod", "-to", "prod"}, token, []string{"-from and -to are both prod"}},
		{[]string{"promote", "-from", "staging"}, token, []string{"-to: name a stack"}},
		{[]string{"rollback", "-stack", "prod", "-to", "yesterday"}, token, []string{`-to: "yesterday" is not the number of a release`}},
		{[]string{"rollback", "-stack", "prod", "-to", "-1"}, token, []string{`-to: "-1" is not the number of a release`}},
		{[]string{"promote", "rollback", "-stack", "prod"}, token, []string{"promote, rollback: use only one of these in a run"}},
		{[]string{"promote", "-from", "staging", "-to", "prod", "-untested", "no time"}, token, []string{"-untested: prod refuses untested images: publish tested ones, or set taskmaster:allowUntested to true in stacks/Pulumi.prod.yaml"}},
		{[]string{"deploy", "-stack", "staging", "-images", images, "-untested", "true"}, token, []string{`-untested: "true" is no reason`}},
		{[]string{"rollback", "-stack", "staging", "-untested", "no time"}, token, []string{"-untested: rollback asks for no proof"}},
		{[]string{"preview", "-stack", "prod"}, map[string]string{"PULUMI_BACKEND_URL": "file:///state"}, []string{"a container cannot reach file:///state: use -local"}},
		{[]string{"preview", "-stack", "prod"}, map[string]string{"PULUMI_BACKEND_URL": "postgres://me:planted-secret@db/pulumi"}, []string{"contains a password"}},
	} {
		var parsed targetFlags
		flags := flag.NewFlagSet("ci", flag.ContinueOnError)
		parsed.add(flags)
		wanted, err := parse(flags, test.args)
		if err != nil {
			t.Fatal(err)
		}
		c := config{root: root, project: project}
		err = c.readTarget(parsed, wanted, func(key string) string { return test.env[key] })
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %q is missing in:\n%v", test.args, want, err)
			}
		}
	}
}

// TestTargetPlan checks that -plan prints all steps without credentials. Unknown images are shown
// by their source.
func TestTargetPlan(t *testing.T) {
	t.Parallel()
	_, project, err := readProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want []string
	}{
		{
			[]string{"-stack", "staging", "deploy", "-images", named(project.Services)},
			[]string{"deploy 1: history of staging\n", "--config images.api=ghcr.io/owner/taskmaster-api@sha256:1", "go run ./tests/smoke -url https://staging.tasks.example.com -account .local/dist/staging.smoke.json\n"},
		},
		{[]string{"-registry", "ghcr.io/owner", "-sign", "none", "-untested", "no time", "publish", "deploy", "-stack", "staging"}, []string{"images.web=(built by publish)", `--config "release.untested=no time"`}},
		{
			[]string{"promote", "-from", "staging", "-to", "prod"},
			[]string{"promote 3: verify the signatures\n", "promote 4: verify the test results\n", "update prod\n", "images.web=(current on staging)", "go run ./tests/smoke -url https://tasks.example.com -account .local/dist/prod.smoke.json\n"},
		},
		{[]string{"rollback", "-stack", "prod", "-to", "7"}, []string{"cancel the update of prod\n", "images.web=(release 7)"}},
		{[]string{"preview", "-stack", "prod"}, []string{"pulumi preview --diff"}},
	} {
		status, out, errs := ci(t, nil, append([]string{"-plan"}, test.args...)...)
		if status != 0 {
			t.Errorf("%v: status %d: %s", test.args, status, errs)
		}
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("%v: %q is missing in:\n%s", test.args, want, out)
			}
		}
	}
}

// TestReadStack checks that a stack gets the credentials that are set. Its name may include an
// organization.
func TestReadStack(t *testing.T) {
	t.Parallel()
	c := config{root: t.TempDir()}
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Join(c.root, "stacks"), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(c.root, filepath.FromSlash(plan.StackFile(name))), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("prod", "config:\n  taskmaster:environment: prod\n  taskmaster:allowUntested: \"true\"\n  taskmaster:cloud: gke\n  taskmaster:app:\n    publicURL: https://tasks.example.com\n  taskmaster:databaseURL:\n    secure: v1:x\n")
	write("bare", "config: {}\n")
	env := map[string]string{"PULUMI_ACCESS_TOKEN": "token", "GOOGLE_PROJECT": "taskmaster", "GOOGLE_APPLICATION_CREDENTIALS": "/file", "HOME": "/root"}
	getenv := func(name string) string { return env[name] }
	s, err := c.readStack("owner/prod", getenv)
	if err != nil {
		t.Fatal(err)
	}
	want := plan.Stack{
		Name: "owner/prod", Cloud: "gke", URL: "https://tasks.example.com", Prod: true, AllowUntested: true,
		Settings: plan.Settings{
			Variables: []string{"GOOGLE_PROJECT"}, Secrets: []string{"PULUMI_ACCESS_TOKEN"}, SecretFiles: []string{"GOOGLE_APPLICATION_CREDENTIALS"},
		},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("the stack differs (-want +got):\n%s", diff)
	}
	write("wrong", "config:\n  taskmaster:allowUntested: perhaps\n  taskmaster:app: {publicURL: https://tasks.example.com}\n")
	if _, err := c.readStack("wrong", getenv); err == nil || !strings.Contains(err.Error(), `allowUntested: "perhaps" is not true or false`) {
		t.Errorf("read a wrong setting: %v", err)
	}
	if _, err := c.readStack("bare", getenv); err == nil || !strings.Contains(err.Error(), "app.publicURL") {
		t.Errorf("accepted a stack without an address: %v", err)
	}
}
