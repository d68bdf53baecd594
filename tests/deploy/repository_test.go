//go:build deploy

// Package deploy tests the pipeline's commands deploy, promote and rollback with the real Pulumi.
// The program ci runs in a repository of two services. The state of the stacks is in a folder, and
// Pulumi writes configuration, history and locks. Three parts are replaced: the infra program by one
// that writes files (language), the smoke test by a request to a local server, and cosign by the first
// digit of a digest. An image with e was not tested, and one with f is not signed.
//
// It needs .local/bin/pulumi: make test-deploy builds it.
package deploy

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// planted is in every secret. It must appear in no output.
const planted = "planted-secret"

// files are the files of the repository. The smoke test replaces the real one, which needs the
// whole system, and ci/sign the one that asks a registry.
var files = map[string]string{
	"go.mod":                  "module taskmaster\n\ngo 1.26\n",
	"go.sum":                  "",
	".gitignore":              "/.local/\n/cluster/\n",
	"Pulumi.yaml":             "name: taskmaster\nruntime: standin\nmain: infra\nstackConfigDir: stacks\n",
	"infra/README.md":         "The program is in the language.\n",
	"services/api/main.go":    "package main\n\nfunc main() {}\n",
	"services/web/main.go":    "package main\n\nfunc main() {}\n",
	"tests/smoke/main.go":     smoke,
	"ci/sign/main.go":         verification,
	"cosign.pub":              "a key",
	"cluster/.keep":           "",
	"stacks/Pulumi.prod.yaml": "",
}

const smoke = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	r, err := http.Get(os.Args[2])
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("it says %s", r.Status)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(1)
	}
}
`

const verification = `package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	if _, err := os.Stat("cosign.pub"); err != nil {
		panic(err)
	}
	args := strings.Join(os.Args, " ")
	if strings.Contains(args, " verify ") && strings.Contains(args, "@sha256:f") {
		fmt.Fprintln(os.Stderr, "sign: no signature")
		os.Exit(1)
	}
	if strings.Contains(args, " verify-tests ") && strings.Contains(args, "@sha256:e") {
		fmt.Fprintln(os.Stderr, "sign: no test results")
		os.Exit(1)
	}
}
`

// repository is a repository with the stacks staging and prod and their clusters.
type repository struct {
	t    *testing.T
	root string
	// home holds all files outside the repository.
	home string
	// urls are the public addresses of the stacks.
	urls map[string]string
	// printed is the output of all commands.
	printed bytes.Buffer
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(top, ".local", "bin", "pulumi")); err != nil {
		t.Fatalf("Pulumi's engine is missing: %v: make test-deploy builds it", err)
	}
	r := &repository{t: t, root: t.TempDir(), home: t.TempDir(), urls: map[string]string{}}
	for _, program := range []string{"./ci", "./tests/deploy/language"} {
		name := strings.Replace(filepath.Base(program), "language", "pulumi-language-standin", 1)
		r.must(exec.Command("go", "build", "-o", filepath.Join(r.home, "bin", name), program), top)
	}
	kubeconfig := filepath.Join(r.home, "kubeconfig")
	r.write(kubeconfig, planted)
	for name, value := range map[string]string{
		"PATH":        strings.Join([]string{filepath.Join(r.home, "bin"), filepath.Join(top, ".local", "bin"), os.Getenv("PATH")}, ":"),
		"PULUMI_HOME": filepath.Join(r.home, "pulumi"), "PULUMI_BACKEND_URL": "file://" + filepath.Join(r.home, "state"),
		"PULUMI_CONFIG_PASSPHRASE": planted + "-passphrase", "AWS_SECRET_ACCESS_KEY": planted + "-key", "REGISTRY_PASSWORD": planted + "-password",
		"KUBECONFIG": kubeconfig, "PULUMI_ACCESS_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
	if err := os.MkdirAll(filepath.Join(r.home, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		r.write(filepath.Join(r.root, name), text)
	}
	for _, stack := range []string{"staging", "prod"} {
		// A release whose digest starts with d runs but fails its smoke test.
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if runs := r.runs(stack); strings.Contains(runs, "sha256:d") || !strings.Contains(runs, "web") {
				w.WriteHeader(http.StatusBadGateway)
			}
		}))
		t.Cleanup(server.Close)
		r.urls[stack] = server.URL
		r.write(filepath.Join(r.root, "stacks", "Pulumi."+stack+".yaml"),
			fmt.Sprintf("config:\n  taskmaster:environment: %s\n  taskmaster:cloud: existing\n  taskmaster:app: {publicURL: %q} # public\n", stack, server.URL))
		r.must(exec.Command("pulumi", "stack", "init", stack, "--non-interactive"), r.root)
		r.must(exec.Command("pulumi", "config", "set", "--stack", stack, "--secret", "databaseURL", planted), r.root)
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-qm", "all"},
	} {
		r.must(exec.Command("git", args...), r.root)
	}
	return r
}

func (r *repository) write(file, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// must runs a command that must succeed and returns its output.
func (r *repository) must(cmd *exec.Cmd, dir string) string {
	r.t.Helper()
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// runs returns the content of a stack's cluster.
func (r *repository) runs(stack string) string {
	text, err := os.ReadFile(filepath.Join(r.root, "cluster", stack))
	if err != nil {
		return ""
	}
	return string(text)
}

// want fails the test unless all services of the stack run the version.
func (r *repository) want(stack, version string) {
	r.t.Helper()
	if got, want := r.runs(stack), strings.ReplaceAll(images(version), ",", "\n"); got != want {
		r.t.Errorf("%s runs\n%s, want\n%s", stack, got, want)
	}
}

// images returns images of a version. The version is the first digit of their digests.
func images(version string) string {
	digest := "@sha256:" + strings.Repeat(version, 64)
	return "api=ghcr.io/owner/taskmaster-api" + digest + ",web=ghcr.io/owner/taskmaster-web" + digest
}

// ciTimeout limits a run of the pipeline.
const ciTimeout = 5 * time.Minute

// command returns the pipeline's command in its own process group.
func (r *repository) command(out *bytes.Buffer, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), ciTimeout)
	r.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, filepath.Join(r.home, "bin", "ci"), append([]string{"-local", "-public-key", "cosign.pub"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.root, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// ci runs the pipeline and returns its exit status and output.
func (r *repository) ci(args ...string) (status int, printed string) {
	r.t.Helper()
	var out bytes.Buffer
	cmd := r.command(&out, args...)
	if err := cmd.Run(); cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	r.printed.Write(out.Bytes())
	return cmd.ProcessState.ExitCode(), out.String()
}

// done runs the pipeline, which must succeed.
func (r *repository) done(args ...string) {
	r.t.Helper()
	if status, out := r.ci(args...); status != 0 {
		r.t.Fatalf("ci %v: status %d\n%s", args, status, out)
	}
}
