package scenarios

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// smokeProgram builds tests/smoke, once.
var smokeProgram = sync.OnceValues(func() (string, error) {
	program := filepath.Join(buildDir, "smoke")
	cmd := exec.Command("go", "build", "-o", program, "taskmaster/tests/smoke")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // the same flags as all other builds, so that the build cache is shared
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return program, nil
})

// smoke runs tests/smoke.
func smoke(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	program, err := smokeProgram()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// The smoke test, which decides about a deployment, passes on a working system. On other systems it
// names the failing step. TestBrokerAwayForLong has a system without a broker.
func TestSmoke(t *testing.T) {
	t.Parallel()
	status, out, errs := smoke(t, "-url", shared.URL)
	if status != 0 || errs != "" || !strings.Contains(out, "see its next occurrence: ") {
		t.Errorf("status %d:\n%s%s", status, out, errs)
	}
	if status, out, errs := smoke(t, "-url", shared.URL, "-account", os.DevNull); status != 1 || !strings.Contains(errs, "not the output of api users try") {
		t.Errorf("without an account in the file: status %d:\n%s%s", status, out, errs)
	}
	for at, want := range map[string]struct {
		status int
		errs   string
	}{
		"http://127.0.0.1:1":           {1, "smoke: sign up: "},
		"tasks.example.com":            {2, `"tasks.example.com" is not an address`},
		"https://tasks.example.com/ui": {2, `is not an address`},
	} {
		if status, out, errs := smoke(t, "-url", at); status != want.status || !strings.Contains(errs, want.errs) {
			t.Errorf("%s: status %d:\n%s%s", at, status, out, errs)
		}
	}
}
