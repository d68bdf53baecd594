package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskmaster/ci/plan"
)

// named names an image of each service.
func named(services []plan.Component) string {
	var all []string
	for _, c := range services {
		all = append(all, c.Name+"=ghcr.io/owner/taskmaster-"+c.Name+"@sha256:"+strings.Repeat("1", 64))
	}
	return strings.Join(all, ",")
}

// All that is wrong with where a release should go is said at once, and nothing runs.
func TestTargetMistakes(t *testing.T) {
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
		{[]string{"deploy"}, nil, []string{"-stack: say which stack; there are aks, gke, local, oke, prod, staging", "PULUMI_ACCESS_TOKEN"}},
		{[]string{"deploy", "-stack", "stagign", "-images", images}, token, []string{`-stack: "stagign" is no stack; there are aks`}},
		{
			[]string{"deploy", "-stack", "staging", "-images", "api=ghcr.io/owner/api:latest,wbe=x"}, token,
			[]string{`api: "ghcr.io/owner/api:latest" is not REPOSITORY@sha256:DIGEST`, "live is missing", "web is missing", `"wbe" is no service`},
		},
		{[]string{"deploy", "-stack", "staging", "-images", strings.ReplaceAll(images, "ghcr.io", "localhost")}, token, []string{"is in no registry"}},
		{[]string{"promote", "-from", "prod", "-to", "prod"}, token, []string{"-from and -to are both prod"}},
		{[]string{"promote", "-from", "staging"}, token, []string{"-to: say which stack"}},
		{[]string{"rollback", "-stack", "prod", "-to", "yesterday"}, token, []string{`-to: "yesterday" is not the number of a release`}},
		{[]string{"rollback", "-stack", "prod", "-to", "-1"}, token, []string{`-to: "-1" is not the number of a release`}},
		{[]string{"promote", "rollback", "-stack", "prod"}, token, []string{"promote, rollback: one of these at a time"}},
		{[]string{"preview", "-stack", "prod"}, map[string]string{"PULUMI_BACKEND_URL": "file:///state"}, []string{"cannot be seen in a container: use -local"}},
	} {
		var said targetFlags
		flags := flag.NewFlagSet("ci", flag.ContinueOnError)
		said.add(flags)
		wanted, err := parse(flags, test.args)
		if err != nil {
			t.Fatal(err)
		}
		c := config{root: root, project: project}
		err = c.readTarget(said, wanted, func(key string) string { return test.env[key] })
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %q is missing in:\n%v", test.args, want, err)
			}
		}
	}
}

// -plan says what would run, and names what is not known yet by where it comes from; it needs no credentials.
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
			[]string{"deploy 1: history of staging\n", "--config images.api=ghcr.io/owner/taskmaster-api@sha256:1", "go run ./tests/smoke -url https://staging.tasks.example.com\n"},
		},
		{[]string{"-registry", "ghcr.io/owner", "-sign", "none", "publish", "deploy", "-stack", "staging"}, []string{"images.web=(what publish makes)"}},
		{
			[]string{"promote", "-from", "staging", "-to", "prod"},
			[]string{"promote 3: verify the signatures\n", "update prod\n", "images.web=(what staging runs)", "go run ./tests/smoke -url https://tasks.example.com\n"},
		},
		{[]string{"rollback", "-stack", "prod", "-to", "7"}, []string{"cancel what runs on prod\n", "images.web=(release 7)"}},
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

// A stack gets the credentials that are set, and its name may have an organization.
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
	write("prod", "config:\n  taskmaster:cloud: gke\n  taskmaster:app:\n    publicURL: https://tasks.example.com\n  taskmaster:databaseURL:\n    secure: v1:x\n")
	write("bare", "config: {}\n")
	env := map[string]string{"PULUMI_ACCESS_TOKEN": "token", "GOOGLE_APPLICATION_CREDENTIALS": "/file", "HOME": "/root"}
	getenv := func(name string) string { return env[name] }
	s, err := c.readStack("owner/prod", getenv)
	if err != nil || s.Name != "owner/prod" || s.Cloud != "gke" || s.URL != "https://tasks.example.com" ||
		strings.Join(s.Secrets, ",") != "PULUMI_ACCESS_TOKEN" || strings.Join(s.SecretFiles, ",") != "GOOGLE_APPLICATION_CREDENTIALS" {
		t.Errorf("read %+v, %v", s, err)
	}
	if _, err := c.readStack("bare", getenv); err == nil || !strings.Contains(err.Error(), "app.publicURL") {
		t.Errorf("read one without an address: %v", err)
	}
}
