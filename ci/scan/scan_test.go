package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// govulncheck has the version of the plan.
const govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.1.4"

// program is scanned by the tests. It is compiled as for an image.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "taskmaster-scan-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "web")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-w -buildid=", "-o", program, "../../services/web")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		panic(string(output))
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// day is the date of the tests' scans.
var day = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// scanned runs the program with govulncheck and the tests' database.
func scanned(t *testing.T, policy string, args ...string) (status int, output string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := filepath.Abs(filepath.Join("testdata", "db"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	status = command(t.Context(), append([]string{"-govulncheck", govulncheck, "-db", "file://" + db, "-policy", file}, args...), day, &out, &out)
	return status, out.String()
}

// TestPolicy checks that the policy decides which findings are rejected. All findings are printed.
func TestPolicy(t *testing.T) {
	t.Parallel()
	allow := func(id, until string) string {
		return fmt.Sprintf("  - {id: %s, reason: no service calls it that way, until: %s}\n", id, until)
	}
	for name, c := range map[string]struct {
		policy string
		status int
		want   map[string]string // verdict by vulnerability; "" means not found
	}{
		"functions": {"reach: symbol\nunfixed: true\n", 1, map[string]string{
			"GO-2026-9001": "REJECTED", "GO-2026-9002": "accepted: the program contains only its package", "GO-2026-9003": "REJECTED", "GO-2026-9004": "",
		}},
		"packages": {"reach: package\nunfixed: false\n", 1, map[string]string{
			"GO-2026-9001": "REJECTED", "GO-2026-9002": "REJECTED", "GO-2026-9003": "accepted: there is no fix",
		}},
		"allowed, by an alias as well": {"reach: symbol\nunfixed: true\nallow:\n" + allow("CVE-2026-99001", "2026-11-25") + allow("GO-2026-9003", "2027-01-01"), 0, map[string]string{
			"GO-2026-9001": "allowed until 2026-11-25: no service calls it that way", "GO-2026-9003": "allowed until 2027-01-01",
		}},
		"no longer allowed": {"reach: symbol\nunfixed: false\nallow:\n" + allow("GO-2026-9001", "2026-11-24") + allow("GO-2026-7777", "2027-01-01"), 1, map[string]string{
			"GO-2026-9001": "REJECTED: it was allowed until 2026-11-24", "GO-2026-7777": "is allowed but found in no program",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, output := scanned(t, c.policy, program)
			if status != c.status {
				t.Errorf("status %d:\n%s", status, output)
			}
			for id, want := range c.want {
				_, after, found := strings.Cut(output, id)
				if lines := strings.SplitN(after, "\n", 4); found != (want != "") || found && !strings.Contains(strings.Join(lines[:min(3, len(lines))], "\n"), want) {
					t.Errorf("%s: want %q in:\n%s", id, want, output)
				}
			}
		})
	}
}

// TestOwnPolicy checks that the repository's policy is valid.
func TestOwnPolicy(t *testing.T) {
	t.Parallel()
	if _, err := readPolicy("policy.yaml"); err != nil {
		t.Error(err)
	}
}

func TestInvalidPolicy(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]string{
		"reach: far\nunfixed: true\n": `reach must be one of module, package, symbol, not "far"`,
		"severity: high\n":            "field severity not found",
		"unfixed: true\n":             "set reach and unfixed",
		"reach: symbol\nunfixed: true\nallow: [{id: GO-1, reason: later, until: soon}]\n": `the reason "later" does not explain why`,
		"reach: module\nunfixed: true\nallow: [{reason: a b c d, until: soon}]\n":         "entry 1 of allow has no id",
		"reach: module\nunfixed: true\nallow: [{id: x, reason: a b c d, until: soon}]\n":  `until must be a day such as 2026-12-31, not "soon"`,
	} {
		if status, output := scanned(t, policy, program); status != 2 || !strings.Contains(output, want) {
			t.Errorf("%q: status %d, %s", policy, status, output)
		}
	}
	good := "reach: symbol\nunfixed: true\n"
	if status, output := scanned(t, good); status != 2 || !strings.Contains(output, "name at least one program") {
		t.Errorf("status %d: %s", status, output)
	}
	// An unreadable program must not pass as clean.
	if status, output := scanned(t, good, filepath.Join(t.TempDir(), "none")); status != 1 || !strings.Contains(output, "scan: scan ") {
		t.Errorf("status %d: %s", status, output)
	}
	if status, output := scanned(t, good, "-db", "file:///nowhere", program); status != 1 || !strings.Contains(output, "govulncheck") {
		t.Errorf("status %d: %s", status, output)
	}
}
