package plan

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSmokeAccount checks that the script prints the output of the command in the cluster, or an empty
// account for a release without that command. The temporary kubeconfig is removed.
func TestSmokeAccount(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ kubectl, want string }{
		"an account": {`[ "$3 $4 $5 $6 $7 $8 $9" = "--namespace taskmaster exec deployment/api --container api --" ] && echo '{"email":"a"}'`, `{"email":"a"}` + "\n"},
		"an old one": {`exit 2`, "{}\n"},
	} {
		dir := t.TempDir()
		for program, script := range map[string]string{
			"pulumi":  `[ "$*" = "stack output kubeconfig --show-secrets --stack owner/prod --non-interactive" ] && echo planted-secret`,
			"kubectl": `grep -q planted-secret "$2" || exit 1; ` + test.kubectl,
		} {
			if err := os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		temporary := filepath.Join(dir, "tmp")
		if err := os.Mkdir(temporary, 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sh", "-c", smokeAccount, "sh", "owner/prod")
		cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "TMPDIR=" + temporary}
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil || out.String() != test.want {
			t.Errorf("%s: got %q and error %v, want %q", name, &out, err, test.want)
		}
		if left, err := os.ReadDir(temporary); err != nil || len(left) != 0 {
			t.Errorf("%s: left %v, %v", name, left, err)
		}
	}
}
