package plan

import (
	"slices"
	"strings"
	"testing"
)

func stack() Stack {
	return Stack{
		Name: "owner/staging", Cloud: "oke", URL: "https://staging.example.com",
		Secrets: []string{"PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"}, SecretFiles: []string{"KUBECONFIG"},
	}
}

// images returns images of one version. The digit makes up their digests.
func images(digit string) map[string]string {
	digest := "@sha256:" + strings.Repeat(digit, 64)
	return map[string]string{"web": "ghcr.io/owner/taskmaster-web" + digest, "api": "ghcr.io/owner/taskmaster-api" + digest}
}

// ran returns the record of a stack on which two releases passed and a third did not.
func ran() Record {
	return Record{Passed: []Deployment{{5, "aaaa", images("5")}, {6, "bbbb", images("6")}}, Next: 8}
}

func next() Deployment { return Deployment{Number: 8, Revision: "cccc", Images: images("8")} }

// TestCredentials checks that only steps that reach Pulumi or the cluster get credentials. The
// smoke test gets none.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for command, p := range plans() {
		for _, stage := range p {
			for _, s := range stage {
				needs := s.Args[0] == "pulumi" || s.Args[0] == "sh"
				if got := slices.Contains(s.Secrets, "PULUMI_ACCESS_TOKEN") && slices.Contains(s.SecretFiles, "KUBECONFIG"); got != needs {
					t.Errorf("%s: %s gets credentials: %v", command, s.Name, got)
				}
				if needs && !s.Always {
					t.Errorf("%s: %s is answered from a cache", command, s.Name)
				}
			}
		}
	}
}

// TestTimeToRestore checks that a failed deployment and its restoration fit into the default time
// limit of the pipeline.
func TestTimeToRestore(t *testing.T) {
	t.Parallel()
	var longest int64
	for _, p := range []Plan{Inspect(stack()), VerifyDeployment(project(), release(), next()), plans()["preview"], plans()["rollback"], plans()["restore"]} {
		for _, stage := range p {
			var slowest int64
			for _, s := range stage {
				if s.Timeout == 0 && s.Name != "verify the signatures" {
					t.Errorf("%s may take forever", s.Name)
				}
				slowest = max(slowest, int64(s.Timeout))
			}
			longest += slowest
		}
	}
	if longest > int64(DefaultTimeout) {
		t.Errorf("it may take %d minutes", longest/60e9)
	}
}
