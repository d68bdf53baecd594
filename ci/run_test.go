package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"taskmaster/ci/plan"
	"taskmaster/internal/lock"
)

// copyRepository copies the repository with all changes and makes the copy the working directory. A
// run in the repository itself would meet the run of the pipeline that runs this test.
func copyRepository(t *testing.T) (root string) {
	t.Helper()
	files, err := answer(t.Context(), "..", "git", "ls-files", "--cached", "--others", "--exclude-standard")
	if err != nil {
		t.Fatal(err)
	}
	if root, err = filepath.EvalSymlinks(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for file := range strings.Lines(files) {
		file = filepath.FromSlash(strings.TrimSpace(file))
		if err := copyFile(filepath.Join("..", file), filepath.Join(root, file)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "--quiet"}, {"add", "--all"},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "copy"},
	} {
		if _, err := answer(t.Context(), root, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	return root
}

// copyFile copies a file or a symbolic link. It copies nothing if the file was deleted.
func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	if target, err := os.Readlink(from); err == nil {
		return os.Symlink(target, to)
	}
	content, err := os.ReadFile(from)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

// TestDaggerRun checks that the pipeline uses the engine of `dagger run`, from the root and from a
// folder below it, and that the engine gets the files of the root.
func TestDaggerRun(t *testing.T) {
	root := copyRepository(t)
	var mu sync.Mutex
	var queries []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Query string `json:"query"`
		}
		err := json.NewDecoder(r.Body).Decode(&body)
		if token, _, _ := r.BasicAuth(); err != nil || token != "session-token" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		queries = append(queries, body.Query)
		w.Header().Set("Content-Type", "application/json")
		answer := `{"errors": [{"message": "the engine has no files"}]}`
		if strings.Contains(body.Query, "cacheVolume") {
			answer = `{"data": {"cacheVolume": {"id": "cache"}}}`
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DAGGER_SESSION_PORT", address.Port())
	t.Setenv("DAGGER_SESSION_TOKEN", "session-token")
	for _, folder := range []string{root, filepath.Join(root, "ci")} {
		t.Chdir(folder)
		mu.Lock()
		queries = nil
		mu.Unlock()
		status, _, errs := ci(t, nil, "check")
		if status != 1 || !strings.Contains(errs, "the engine has no files") {
			t.Errorf("%s: status %d: %s", folder, status, errs)
		}
		mu.Lock()
		all := strings.Join(queries, "\n")
		mu.Unlock()
		if !strings.Contains(all, `path:"`+root+`"`) {
			t.Errorf("%s: the engine gets other files than those of %s:\n%s", folder, root, all)
		}
	}
}

// TestNoEngine checks the messages without a container engine and with one that does not start.
func TestNoEngine(t *testing.T) {
	copyRepository(t)
	bin := t.TempDir()
	for _, program := range []string{"git", "go"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, program)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	status, _, errs := ci(t, nil, "check")
	if status != 1 || strings.Count(errs, "\n") != 1 {
		t.Errorf("status %d: %s", status, errs)
	}
	for _, way := range []string{"install Docker or Podman", "_EXPERIMENTAL_DAGGER_RUNNER_HOST", "-local"} {
		if !strings.Contains(errs, way) {
			t.Errorf("%s is missing in: %s", way, errs)
		}
	}
	t.Setenv("_EXPERIMENTAL_DAGGER_RUNNER_HOST", "tcp://127.0.0.1:1")
	t.Setenv("_EXPERIMENTAL_DAGGER_CLI_BIN", filepath.Join(bin, "no-dagger"))
	status, _, errs = ci(t, nil, "check")
	if status != 1 || !strings.Contains(errs, "connect to the Dagger engine") || !strings.Contains(errs, "-local") {
		t.Errorf("status %d: %s", status, errs)
	}
}

// TestOneRunAtATimeInAClone checks that a second run in the same clone is refused. It would replace
// the programs and digests of the first.
func TestOneRunAtATimeInAClone(t *testing.T) {
	root := copyRepository(t)
	unlock, err := lock.Try(filepath.Join(root, filepath.FromSlash(plan.Dist)))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	status, _, errs := ci(t, nil, "-local", "check")
	if status != 1 || !strings.Contains(errs, "is in use by process ") {
		t.Errorf("status %d: %s", status, errs)
	}
	if status, _, errs := ci(t, nil, "-plan", "check"); status != 0 {
		t.Errorf("a plan is refused: status %d: %s", status, errs)
	}
}

// TestInterrupt checks that an interrupt is reported as such and blames no step.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	step := &plan.StepError{Step: "update staging", Err: context.Canceled}
	failed := &plan.StepError{Step: "vet", Output: "a.go:1: wrong", Err: os.ErrInvalid}
	for _, test := range []struct {
		ctx  context.Context
		err  error
		want string
	}{
		{cancelled, step, "cancelled during update staging"},
		{cancelled, os.ErrClosed, "cancelled"},
		{t.Context(), failed, "a.go:1: wrong\nFAILED vet: invalid argument"},
	} {
		if got := describe(test.ctx, test.err); got.Error() != test.want {
			t.Errorf("%v is described as %q, want %q", test.err, got, test.want)
		}
	}
	var out strings.Builder
	if status := execute(cancelled, []string{"check"}, os.Getenv, &out, &out); status != 1 || out.String() != "ci: cancelled\n" {
		t.Errorf("status %d: %s", status, out.String())
	}
}
