//go:build workflows

// Package workflows runs the GitHub Actions workflows with act on this machine. External actions
// are replaced by one that does nothing. Go is replaced by a script: it builds a pipeline that records
// its arguments. Act knows no environments and no concurrency groups; the tests of ci read those.
package workflows

import (
	"bytes"
	"fmt"
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

// workspace is a small repository with the workflows. root is the real one.
type workspace struct {
	root, dir string
	slack     string
	// untested is set if no pull request has passed with the files of the commit.
	untested bool
}

func setup(t *testing.T) workspace {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	w := workspace{root: root, dir: t.TempDir()}
	target := filepath.Join(w.repository(), ".github", "workflows")
	if err := os.MkdirAll(target, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range workflowFiles(t, root) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// Act does not know the queue of a concurrency group, and runs one workflow at a time.
		known := strings.ReplaceAll(string(text), "      queue: max\n", "")
		if err := os.WriteFile(filepath.Join(target, filepath.Base(file)), []byte(known), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "-A"}, {"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-qm", "all"},
	} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = w.repository()
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, output)
		}
	}
	return w
}

// repository is the folder that act sees.
func (w workspace) repository() string { return filepath.Join(w.dir, "repository") }

func workflowFiles(t *testing.T, root string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("find the workflows: %v", err)
	}
	return files
}

// run runs the workflows for an event and returns the recorded commands in order.
func (w workspace) run(t *testing.T, failing string, args ...string) (calls []string, ok bool) {
	t.Helper()
	var output bytes.Buffer
	cmd := w.command(t, &output, args...)
	cmd.Env = append(cmd.Env, "FAILING="+failing, "HANGING=nothing")
	err := cmd.Run()
	return w.calls(t, output.String()), err == nil
}

// cancel runs the workflows until a command hangs, and interrupts them. It returns the recorded
// commands in order.
func (w workspace) cancel(t *testing.T, hanging string, args ...string) (calls []string) {
	t.Helper()
	var output bytes.Buffer
	cmd := w.command(t, &output, args...)
	cmd.Env = append(cmd.Env, "FAILING=nothing", "HANGING="+hanging)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(stopTimeout); !strings.Contains(w.recorded(), hanging) && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // a cancelled run fails
	return w.calls(t, output.String())
}

// command returns act's command for an event. The caller sets FAILING and HANGING.
func (w workspace) command(t *testing.T, output *bytes.Buffer, args ...string) *exec.Cmd {
	t.Helper()
	stub := filepath.Join(w.root, "tests", "workflows", "testdata")
	args = append([]string{"--directory", w.repository(), "--platform", "ubuntu-latest=-self-hosted", "--secret", "GITHUB_TOKEN=" + planted,
		"--secret", "PULUMI_ACCESS_TOKEN=" + planted, "--secret", "SLACK_WEBHOOK_URL=" + w.slack, "--actor", "robot",
		// One of the suites is enough: they differ only in the target.
		"--matrix", "target:test-browser"}, args...)
	for _, action := range actions(t, w.root) {
		args = append(args, "--local-repository", action+"="+filepath.Join(stub, "action"))
	}
	realGo, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = w.repository()
	// These variables move act's settings and its copies of the repository into the test's folder.
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(w.dir, "cache"), "XDG_CONFIG_HOME="+filepath.Join(w.dir, "config"),
		"CALLS="+filepath.Join(w.dir, "calls"), "REAL_GO="+realGo, "ROOT="+w.root, fmt.Sprintf("PASSED=%t", !w.untested), "PATH="+stub+":"+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopTimeout
	return cmd
}

// recorded returns the recorded commands, one a line.
func (w workspace) recorded() string {
	text, err := os.ReadFile(filepath.Join(w.dir, "calls"))
	if err != nil {
		return ""
	}
	return regexp.MustCompile(`-commit [0-9a-f]{40}`).ReplaceAllString(strings.TrimSpace(string(text)), "-commit COMMIT")
}

// calls returns the recorded commands of a run that ended, and checks its output.
func (w workspace) calls(t *testing.T, output string) []string {
	t.Helper()
	t.Logf("%s", output)
	if strings.Contains(output, planted) {
		t.Error("a secret is printed")
	}
	return strings.Split(w.recorded(), "\n")
}

// actions returns the external actions of the workflows.
func actions(t *testing.T, root string) (all []string) {
	t.Helper()
	for _, file := range workflowFiles(t, root) {
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
	notifies = "ci -local notify with SLACK_WEBHOOK_URL GITHUB_TOKEN"
	results  = "tested -run 77"
	asks     = "ci -local -waiting prod notify with SLACK_WEBHOOK_URL"
	publish  = "ci -registry ghcr.io/owner -username robot publish with REGISTRY_PASSWORD"
	staging  = "ci -username robot -take-over deploy -stack staging with REGISTRY_PASSWORD PULUMI_ACCESS_TOKEN"
	byHand   = "ci -username robot -take-over promote -from staging -to prod with REGISTRY_PASSWORD PULUMI_ACCESS_TOKEN"
)

// prod is the promotion of the approved commit.
var prod = strings.Replace(byHand, " with", " -commit COMMIT with", 1)

// TestDeploy checks the order of the steps of a push: the results of the tests, publish, staging, prod,
// with a notification after each. Nothing follows a failed step.
func TestDeploy(t *testing.T) {
	t.Parallel()
	everything := []string{"--var", "DEPLOY=true", "--var", "PROD_NEEDS_APPROVAL=true", "--var", "REGISTRY=ghcr.io/owner"}
	for name, c := range map[string]struct {
		failing string
		args    []string
		ok      bool
		want    []string
	}{
		"nowhere to deploy to":     {"nothing", []string{"push", "--var", "REGISTRY=ghcr.io/owner"}, true, []string{results, publish, notifies}},
		"no approval can be asked": {"nothing", []string{"push", "--var", "DEPLOY=true", "--var", "REGISTRY=ghcr.io/owner"}, true, []string{results, publish, notifies, staging, notifies}},
		"a suite has not passed":   {"tested -run", append([]string{"push"}, everything...), false, []string{results, notifies}},
		"publishing fails":         {" publish", append([]string{"push"}, everything...), false, []string{results, publish, notifies}},
		"staging fails":            {"deploy -stack", append([]string{"push"}, everything...), false, []string{results, publish, notifies, staging, notifies}},
		"by hand":                  {"nothing", append([]string{"workflow_dispatch", "--workflows", ".github/workflows/deploy.yml"}, everything...), true, []string{byHand, notifies}},
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
	want := []string{results, publish, notifies, staging, notifies, asks, prod, notifies}
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

// TestCancel checks that a cancelled deployment is reported, and that nothing follows it.
func TestCancel(t *testing.T) {
	t.Parallel()
	got := setup(t).cancel(t, "deploy -stack", "push", "--var", "DEPLOY=true", "--var", "PROD_NEEDS_APPROVAL=true", "--var", "REGISTRY=ghcr.io/owner")
	if want := withoutSlack([]string{results, publish, notifies, staging, notifies}); !slices.Equal(got, want) {
		t.Errorf("called\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// own names the run of the push, which has run the suites itself. It is act's number of a run.
const own = "tested -run 1"

// suites are the checks of a pull request and of main.
var suites = []string{"ci check with", "ci test with", "make test-browser"}

// TestSuites checks that main publishes only what passed all suites. They are left out if a pull
// request has passed with the same files, as in the other tests.
func TestSuites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failing string
		ok      bool
		want    []string
	}{
		"all pass": {"nothing", true, slices.Concat(suites, withoutSlack([]string{own, publish, notifies}))},
		// Act ends the run when a called workflow fails. GitHub goes on with the job that tells it; a test
		// of ci reads its condition.
		"one fails": {"make test-browser", false, suites},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.untested = true
			calls, ok := w.run(t, c.failing, "push", "--var", "REGISTRY=ghcr.io/owner")
			slices.Sort(calls)
			slices.Sort(c.want)
			if ok != c.ok || !slices.Equal(calls, c.want) {
				t.Errorf("succeeded %v, called\n%s\nwant\n%s", ok, strings.Join(calls, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestOtherRegistry checks that a registry other than ghcr.io gets its own user and password.
func TestOtherRegistry(t *testing.T) {
	t.Parallel()
	calls, ok := setup(t).run(t, "nothing", "push", "--var", "REGISTRY=registry.example.com/team", "--var", "REGISTRY_USERNAME=pusher",
		"--secret", "REGISTRY_PASSWORD="+planted+"-registry")
	want := "ci -registry registry.example.com/team -username pusher publish with REGISTRY_PASSWORD of the registry"
	if !ok || !slices.Contains(calls, want) {
		t.Errorf("succeeded %v, called\n%s\nwant among them\n%s", ok, strings.Join(calls, "\n"), want)
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	for release, want := range map[string]string{"": "", "7": " -to 7"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			calls, ok := setup(t).run(t, "nothing", "workflow_dispatch", "--workflows", ".github/workflows/rollback.yml",
				"--input", "stack=prod", "--input", "release="+release)
			back := "ci -username robot -take-over rollback" + want + " -stack prod with REGISTRY_PASSWORD PULUMI_ACCESS_TOKEN"
			if !ok || !slices.Equal(calls, withoutSlack([]string{back, notifies})) {
				t.Errorf("succeeded %v, called\n%s", ok, strings.Join(calls, "\n"))
			}
		})
	}
}

// TestPullRequest checks that a pull request of this repository gets a preview. One from a fork, and
// one of Dependabot, get no credentials.
func TestPullRequest(t *testing.T) {
	t.Parallel()
	checks := append([]string{"ci build with"}, suites...)
	preview := []string{"ci -username robot -take-over preview -stack staging with REGISTRY_PASSWORD PULUMI_ACCESS_TOKEN", "ci -local notify with GITHUB_TOKEN"}
	for name, c := range map[string]struct {
		from, author string
		want         []string
	}{
		"ours":         {"owner/taskmaster", "robot", slices.Concat(preview, checks)},
		"a fork's":     {"somebody/taskmaster", "robot", checks},
		"Dependabot's": {"owner/taskmaster", "dependabot[bot]", checks},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			event := filepath.Join(w.dir, "event.json")
			text := fmt.Sprintf(`{"repository": {"full_name": "owner/taskmaster"}, "pull_request": {"number": 12, "user": {"login": %q}, "head": {"repo": {"full_name": %q}}}}`, c.author, c.from)
			if err := os.WriteFile(event, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			calls, ok := w.run(t, "nothing", "pull_request", "--eventpath", event, "--var", "DEPLOY=true", "--env", "GITHUB_REPOSITORY=owner/taskmaster")
			slices.Sort(calls)
			slices.Sort(c.want)
			if !ok || !slices.Equal(calls, c.want) {
				t.Errorf("succeeded %v, called\n%s\nwant\n%s", ok, strings.Join(calls, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestWeekly checks that the schedule measures the numbers of the specification, and that a missed one
// fails the run.
func TestWeekly(t *testing.T) {
	t.Parallel()
	for failing, want := range map[string]bool{"nothing": true, "make bench": false} {
		calls, ok := setup(t).run(t, failing, "schedule", "--workflows", ".github/workflows/weekly.yml")
		if ok != want || !slices.Equal(calls, []string{"make bench ARGS=-check"}) {
			t.Errorf("with %q failing: succeeded %v, called\n%s", failing, ok, strings.Join(calls, "\n"))
		}
	}
}
