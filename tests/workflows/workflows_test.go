//go:build workflows

// Package workflows runs the GitHub Actions workflows with act on this machine. External actions
// are replaced by one that does nothing. Go is replaced by a script that records its arguments.
package workflows

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	act     = "github.com/nektos/act@v0.2.89"
	planted = "planted-secret"
	// stopTimeout is how long act may take to stop after an interrupt.
	stopTimeout = 5 * time.Minute
)

// program is the path of act. It is not run by `go run`, which would put the real Go first in PATH.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "taskmaster-act-")
	if err != nil {
		panic(err)
	}
	cmd := exec.Command("go", "install", act)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		panic(string(output))
	}
	program = filepath.Join(dir, "act")
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// workspace is a repository with the workflows and everything they need.
type workspace struct {
	root, dir string
	slack     string
}

func setup(t *testing.T) workspace {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return workspace{root: root, dir: t.TempDir()}
}

// run runs the workflows for an event and returns the recorded commands in order.
func (w workspace) run(t *testing.T, failing string, args ...string) (calls []string, ok bool) {
	t.Helper()
	calling := filepath.Join(w.dir, "calls")
	stub := filepath.Join(w.root, "tests", "workflows", "testdata")
	args = append([]string{"--directory", w.root, "--platform", "ubuntu-latest=-self-hosted", "--secret", "GITHUB_TOKEN=" + planted,
		"--secret", "PULUMI_ACCESS_TOKEN=" + planted, "--secret", "SLACK_WEBHOOK_URL=" + w.slack, "--actor", "robot"}, args...)
	for _, action := range actions(t, w.root) {
		args = append(args, "--local-repository", action+"="+filepath.Join(stub, "action"))
	}
	realGo, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = w.root
	// These variables move act's settings and its copies of the repository into the test's folder.
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(w.dir, "cache"), "XDG_CONFIG_HOME="+filepath.Join(w.dir, "config"),
		"CALLS="+calling, "REAL_GO="+realGo, "FAILING="+failing, "PATH="+stub+":"+os.Getenv("PATH"))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopTimeout
	output, err := cmd.CombinedOutput()
	t.Logf("%s", output)
	if strings.Contains(string(output), planted) {
		t.Error("a secret is printed")
	}
	recorded, readErr := os.ReadFile(calling)
	if readErr != nil {
		t.Fatal(readErr)
	}
	text := regexp.MustCompile(`-commit [0-9a-f]{40}`).ReplaceAllString(string(recorded), "-commit COMMIT")
	return strings.Split(strings.TrimSpace(text), "\n"), err == nil
}

// actions returns the external actions of the workflows.
func actions(t *testing.T, root string) (all []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range regexp.MustCompile(`uses: ([\w-]+/[\w./-]+@[0-9a-f]{40})`).FindAllStringSubmatch(string(raw), -1) {
			all = append(all, use[1])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// These are the recorded commands of the workflows.
const (
	notifies = "run ./ci -local notify with SLACK_WEBHOOK_URL GITHUB_TOKEN"
	asks     = "run ./ci -local -waiting prod notify with SLACK_WEBHOOK_URL"
	publish  = "run ./ci -registry ghcr.io/owner -username robot publish with REGISTRY_PASSWORD"
	staging  = "run ./ci -username robot -take-over deploy -stack staging with REGISTRY_PASSWORD PULUMI_ACCESS_TOKEN"
	byHand   = "run ./ci -username robot -take-over promote -from staging -to prod with REGISTRY_PASSWORD PULUMI_ACCESS_TOKEN"
)

// prod is the promotion of the approved commit.
var prod = strings.Replace(byHand, " with", " -commit COMMIT with", 1)

// TestDeploy checks the order of the steps of a push: publish, staging, prod, with a notification
// after each. Nothing follows a failed step.
func TestDeploy(t *testing.T) {
	t.Parallel()
	everything := []string{"--var", "DEPLOY=true", "--var", "PROD_NEEDS_APPROVAL=true", "--var", "REGISTRY=ghcr.io/owner"}
	for name, c := range map[string]struct {
		failing string
		args    []string
		ok      bool
		want    []string
	}{
		"nowhere to deploy to":     {"nothing", []string{"push", "--var", "REGISTRY=ghcr.io/owner"}, true, []string{publish, notifies}},
		"no approval can be asked": {"nothing", []string{"push", "--var", "DEPLOY=true", "--var", "REGISTRY=ghcr.io/owner"}, true, []string{publish, notifies, staging, notifies}},
		"publishing fails":         {" publish", append([]string{"push"}, everything...), false, []string{publish, notifies}},
		"staging fails":            {"deploy -stack", append([]string{"push"}, everything...), false, []string{publish, notifies, staging, notifies}},
		"by hand":                  {"nothing", append([]string{"workflow_dispatch", "--workflows", ".github/workflows/deploy.yaml"}, everything...), true, []string{byHand, notifies}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls, ok := setup(t).run(t, c.failing, c.args...)
			if ok != c.ok || !slices.Equal(calls, withoutSlack(c.want)) {
				t.Errorf("succeeded %v, called\n%s\nwant\n%s", ok, strings.Join(calls, "\n"), strings.Join(withoutSlack(c.want), "\n"))
			}
		})
	}
}

// withoutSlack returns the commands for a run without a webhook.
func withoutSlack(commands []string) (all []string) {
	for _, c := range commands {
		all = append(all, strings.ReplaceAll(c, " SLACK_WEBHOOK_URL", ""))
	}
	return all
}

// TestAsk checks that Slack really gets a message before production that an approval is needed.
func TestAsk(t *testing.T) {
	t.Parallel()
	messages := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		messages <- string(body)
	}))
	defer server.Close()
	w := setup(t)
	w.slack = server.URL + "/services/" + planted
	calls, ok := w.run(t, "nothing", "push", "--var", "DEPLOY=true", "--var", "PROD_NEEDS_APPROVAL=true", "--var", "REGISTRY=ghcr.io/owner")
	// Asking and waiting start at the same time.
	slices.Sort(calls)
	want := []string{publish, notifies, staging, notifies, asks, prod, notifies}
	slices.Sort(want)
	if !ok || !slices.Equal(calls, want) {
		t.Errorf("succeeded %v, called\n%s\nwant\n%s", ok, strings.Join(calls, "\n"), strings.Join(want, "\n"))
	}
	select {
	case message := <-messages:
		if !strings.Contains(message, "prod waits for an approval of") {
			t.Errorf("message is %s", message)
		}
	default:
		t.Error("no message was sent")
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]string{"": "", "7": " -to 7"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			calls, ok := setup(t).run(t, "nothing", "workflow_dispatch", "--workflows", ".github/workflows/rollback.yaml",
				"--input", "stack=prod", "--input", "release="+release)
			back := "run ./ci -username robot -take-over rollback -stack prod" + want + " with REGISTRY_PASSWORD PULUMI_ACCESS_TOKEN"
			if !ok || !slices.Equal(calls, withoutSlack([]string{back, notifies})) {
				t.Errorf("succeeded %v, called\n%s", ok, strings.Join(calls, "\n"))
			}
		})
	}
}

// TestPullRequest checks that a pull request of this repository gets a preview. One from a fork
// gets no credentials.
func TestPullRequest(t *testing.T) {
	t.Parallel()
	checks := []string{"run ./ci build with", "run ./ci check with", "run ./ci test with"}
	preview := "run ./ci -username robot -take-over preview -stack staging with REGISTRY_PASSWORD PULUMI_ACCESS_TOKEN"
	for from, want := range map[string][]string{
		"owner/taskmaster": append([]string{preview, "run ./ci -local notify with GITHUB_TOKEN"}, checks...), "somebody/taskmaster": checks,
	} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			event := filepath.Join(w.dir, "event.json")
			if err := os.WriteFile(event, []byte(`{"repository": {"full_name": "owner/taskmaster"}, "pull_request": {"number": 12, "head": {"repo": {"full_name": "`+from+`"}}}}`), 0o600); err != nil {
				t.Fatal(err)
			}
			calls, ok := w.run(t, "nothing", "pull_request", "--eventpath", event, "--var", "DEPLOY=true", "--env", "GITHUB_REPOSITORY=owner/taskmaster")
			slices.Sort(calls)
			slices.Sort(want)
			if !ok || !slices.Equal(calls, want) {
				t.Errorf("succeeded %v, called\n%s\nwant\n%s", ok, strings.Join(calls, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}
