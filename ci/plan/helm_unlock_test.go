package plan

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHelmUnlock checks that a killed upgrade is rolled back, and a killed installation is deleted.
// A healthy release stays untouched. The temporary kubeconfig is removed.
func TestHelmUnlock(t *testing.T) {
	t.Parallel()
	const (
		rollback = "helm --namespace taskmaster rollback taskmaster 10 --wait --timeout 8m\n"
		forget   = "kubectl --namespace taskmaster delete secret --ignore-not-found --selector owner=helm,name=taskmaster,status in (pending-install,pending-upgrade,pending-rollback)\n"
	)
	for name, test := range map[string]struct{ pending, deployed, want string }{
		"in order":       {"", "7", ""},
		"killed upgrade": {"secret/sh.helm.release.v1.taskmaster.v11", `10\n9\n`, rollback + forget},
		"killed install": {"secret/sh.helm.release.v1.taskmaster.v1", "", forget},
	} {
		dir := t.TempDir()
		for program, script := range map[string]string{
			"pulumi": `[ "$*" = "stack output kubeconfig --show-secrets --stack owner/prod --non-interactive" ] && echo planted-secret`,
			// The first two arguments are the kubeconfig flag and its file. The file must exist.
			"helm": `grep -q planted-secret "$2" && shift 2 && echo "helm $*" >> "$LOG"`,
			"kubectl": `grep -q planted-secret "$2" && shift 2 || exit 1
				case "$*" in
				*status=deployed*) printf "$DEPLOYED" ;;
				*" get "*) printf '%s' "$PENDING" ;;
				*) echo "kubectl $*" >> "$LOG" ;;
				esac`,
		} {
			if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		log, temporary := filepath.Join(dir, "log"), filepath.Join(dir, "tmp")
		if err := os.Mkdir(temporary, 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh", "-c", helmUnlock, "sh", "owner/prod")
		cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "LOG=" + log, "PENDING=" + test.pending, "DEPLOYED=" + test.deployed, "TMPDIR=" + temporary}
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "planted-secret") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		got, err := os.ReadFile(log)
		if err != nil && test.want != "" {
			t.Errorf("%s: %v", name, err)
		}
		if string(got) != test.want {
			t.Errorf("%s: did\n%s, want\n%s", name, got, test.want)
		}
		if left, err := os.ReadDir(temporary); err != nil || len(left) != 0 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
}
