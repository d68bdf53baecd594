//go:build clouds

package program

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// TestEngineReportsAllProblems runs an invalid stack with the real Pulumi, in this process as
// its language host. Both preview and up must name all problems and create nothing.
func TestEngineReportsAllProblems(t *testing.T) {
	t.Parallel()
	s := engineStack(t)
	secret := auto.ConfigValue{Value: "postgres://taskmaster:password-of-database@db.example.com/taskmaster", Secret: true}
	if err := s.SetConfig(t.Context(), "databaseURL", secret); err != nil {
		t.Fatal(err)
	}
	_, previewed := s.Preview(t.Context())
	_, made := s.Up(t.Context())
	for doing, err := range map[string]error{"preview": previewed, "up": made} {
		if err == nil {
			t.Fatalf("%s: a stack without images and secrets is accepted", doing)
		}
		for _, want := range []string{
			"pulumi config set --secret appToken", "pulumi config set --secret brokerPassword",
			"pulumi config set --path images.api", "pulumi config set --path images.web",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not contain %s: %v", doing, want, err)
			}
		}
		if strings.Contains(err.Error(), "password-of-database") || strings.Contains(err.Error(), "databaseURL") {
			t.Errorf("%s: the error contains valid settings or a secret: %v", doing, err)
		}
	}
	state, err := s.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(state.Deployment, &deployment); err != nil {
		t.Fatal(err)
	}
	for _, resource := range deployment.Resources {
		if resource.Type != "pulumi:pulumi:Stack" {
			t.Errorf("%s was created", resource.URN)
		}
	}
}

// engineStack returns the stack local as a new owner gets it, with its state in a folder.
func engineStack(t *testing.T) auto.Stack {
	t.Helper()
	local, err := filepath.Abs("../../.local")
	if err != nil {
		t.Fatal(err)
	}
	engine, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: local})
	if err != nil {
		t.Fatalf("make engine builds Pulumi: %v", err)
	}
	root, home := t.TempDir(), t.TempDir()
	for _, dir := range []string{"infra", "stacks"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"Pulumi.yaml", "stacks/Pulumi.local.yaml"} {
		content, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := auto.UpsertStackInlineSource(t.Context(), "local", "taskmaster", New(machine), auto.WorkDir(root), auto.PulumiHome(home),
		auto.Pulumi(engine), auto.EnvVars(map[string]string{
			"PULUMI_BACKEND_URL": "file://" + home, "PULUMI_CONFIG_PASSPHRASE": rand.Text(), "PULUMI_SKIP_UPDATE_CHECK": "true",
		}))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
