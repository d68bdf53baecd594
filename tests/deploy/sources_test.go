//go:build deploy

package deploy

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"taskmaster/ci/host"
	"taskmaster/ci/plan"
	"taskmaster/ci/rollout"
)

// TestSources runs each step in a folder with only its declared sources and inputs, as a container
// would.
func TestSources(t *testing.T) {
	r := newRepository(t)
	named := map[string]string{}
	for pair := range strings.SplitSeq(images("1"), ",") {
		service, image, _ := strings.Cut(pair, "=")
		named[service] = image
	}
	var out bytes.Buffer
	runEach := func(ctx context.Context, p plan.Plan) error {
		for _, stage := range p {
			for _, step := range stage {
				if err := r.alone(ctx, step, &out); err != nil {
					return err
				}
			}
		}
		return nil
	}
	releases := rollout.Rollout{
		Project: plan.Project{Smoke: []string{"tests/smoke"}},
		Stack: plan.Stack{Name: "staging", URL: r.urls["staging"], Settings: plan.Settings{
			Variables: []string{"PULUMI_BACKEND_URL"}, Secrets: []string{"PULUMI_CONFIG_PASSPHRASE"},
		}},
		Release: plan.Release{Signing: plan.WithKey, PublicKey: "cosign.pub"}, TakeOver: true, Exec: rollout.Workspace{Root: r.root, Do: runEach}, Out: &out,
	}
	if err := releases.Deploy(t.Context(), named, ""); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	r.want("staging", "1")
}

// alone runs a step in a folder of its own. The cluster is outside that folder, as it would be
// outside a container.
func (r *repository) alone(ctx context.Context, step plan.Step, out *bytes.Buffer) error {
	r.t.Helper()
	dir := r.t.TempDir()
	if err := os.Symlink(filepath.Join(r.root, "cluster"), filepath.Join(dir, "cluster")); err != nil {
		r.t.Fatal(err)
	}
	seen := slices.DeleteFunc(strings.Fields(r.must(exec.Command("git", "ls-files"), r.root)), func(file string) bool {
		return !slices.ContainsFunc(step.Sources, func(pattern string) bool {
			folder, all := strings.CutSuffix(pattern, "**")
			same, _ := path.Match(pattern, file) // fails only for a malformed pattern
			return same || all && strings.HasPrefix(file, folder)
		})
	})
	r.copy(r.root, dir, append(seen, step.Needs...))
	if err := (&host.Runner{Root: dir, Getenv: os.Getenv, Out: out}).Run(ctx, plan.Plan{{step}}); err != nil {
		return err
	}
	r.copy(dir, r.root, (plan.Stage{step}).Left())
	return nil
}

func (r *repository) copy(from, to string, names []string) {
	r.t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			r.t.Fatal(err)
		}
		r.write(filepath.Join(to, name), string(text))
	}
}
