package plan

import (
	"flag"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func project() Project {
	return Project{
		Revision: "0123456789abcdef0123456789abcdef01234567", Source: "https://example.com/taskmaster",
		Time: time.Date(2026, 11, 25, 12, 0, 0, 0, time.FixedZone("", 3600)),
		Services: []Component{
			{"api", []string{"services/api", "internal/event", "internal/task"}},
			{"web", []string{"internal/server", "services/web"}},
		},
		Smoke: []string{"internal/task", "tests/smoke", "tests/system"},
	}
}

func release() Release {
	return Release{
		Registry: "ghcr.io/owner", Username: "robot", Platforms: []string{"linux/amd64", "linux/arm64"}, Tags: []string{"latest"},
		Signing: Keyless,
	}
}

func notice() Notice {
	return Notice{Waiting: "prod", Settings: Messengers}
}

// plans returns the plans of the commands that have one plan. Package rollout tests the others.
func plans() map[string]Plan {
	return map[string]Plan{
		"check": Check(project()), "test": Test(project()), "build": Build(project(), release()), "publish": Publish(project(), release(), true),
		"notify": Notify(project(), notice()),
	}
}

// TestGolden compares the plans with the golden files, so that a review shows every change.
func TestGolden(t *testing.T) {
	t.Parallel()
	for command, p := range plans() {
		var got strings.Builder
		p.Print(&got, command)
		testkit.Golden(t, *update, filepath.Join("testdata", command+".golden"), got.String())
	}
}

// TestNeedsAreLeftBefore checks that earlier stages produce the inputs of each step.
func TestNeedsAreLeftBefore(t *testing.T) {
	t.Parallel()
	for command, p := range plans() {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
	leaves, needs := Step{Name: "first", Outputs: []string{"a"}}, Step{Name: "second", Needs: []string{"a"}}
	for want, p := range map[string]Plan{
		"second needs a, which no earlier step leaves": {{leaves, needs}},
		"two steps are called first":                   {{leaves}, {leaves}},
	} {
		if err := p.Validate(); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}

// TestSourcesOfEdit checks that an edited file rebuilds only the programs that contain it.
func TestSourcesOfEdit(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]string{
		"README.md":                 nil,
		"services/api/README.md":    {"compile api for linux/amd64"},
		"services/web/page.go":      {"compile web for linux/amd64"},
		"services/web/page_test.go": nil,
		"internal/task/task.go":     {"compile api for linux/amd64"},
		"tests/ledger/book.go":      nil,
		"ci/plan/plan.go":           nil,
		"ci/image/main.go":          {"image of api", "image of web"},
		"go.mod":                    {"compile api for linux/amd64", "compile web for linux/amd64", "image of api", "image of web"},
	} {
		r := release()
		r.Platforms = r.Platforms[:1]
		var got []string
		for _, stage := range Build(project(), r) {
			for _, s := range stage {
				if matches(t, s.Sources, file) && !matches(t, s.Without, file) {
					got = append(got, s.Name)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s rebuilds %q, want %q", file, got, want)
		}
	}
}

// matches reports whether a file matches one of the patterns. It supports only the kinds of
// patterns in use.
func matches(t *testing.T, patterns []string, file string) bool {
	t.Helper()
	for _, pattern := range patterns {
		if folder, ok := strings.CutSuffix(pattern, "/**"); ok && !strings.HasPrefix(pattern, "**/") {
			if strings.HasPrefix(file, folder+"/") {
				return true
			}
			continue
		}
		name := file
		if rest, ok := strings.CutPrefix(pattern, "**/"); ok {
			pattern, name = rest, path.Base(file)
		}
		ok, err := path.Match(pattern, name)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return true
		}
	}
	return false
}

// TestSigning checks that the release's signer signs and gets its secrets. Verification requires
// the same signer, for the signature and for the test results.
func TestSigning(t *testing.T) {
	t.Parallel()
	image := "ghcr.io/owner/taskmaster-api@sha256:" + strings.Repeat("0", 64)
	d := Deployment{Images: map[string]string{"api": image}}
	for signing, want := range map[Signing]struct {
		secrets      []string
		sign, verify string
	}{
		Keyless: {
			[]string{registryPassword, idTokenToken}, "sign .local/dist/api.digest .local/dist/web.digest",
			"-identity https://example.com/taskmaster/.github/workflows/deploy.yml@refs/heads/main -issuer https://token.actions.githubusercontent.com verify " + image,
		},
		WithKey: {
			[]string{registryPassword, cosignKey, cosignPassword}, "-key env://COSIGN_KEY sign .local/dist/api.digest .local/dist/web.digest",
			"-key ci/cosign.pub verify " + image,
		},
		Unsigned: {},
	} {
		r := release()
		r.Signing, r.PublicKey = signing, "ci/cosign.pub"
		last, verify := Publish(project(), r, true)[3:], VerifyDeployment(project(), r, d)
		if signing == Unsigned {
			if len(last) != 0 || len(verify) != 0 {
				t.Errorf("signs %v and verifies %v", last, verify)
			}
			continue
		}
		sign, untested := last[0][0], d
		untested.Untested = "no time"
		if without := Publish(project(), r, false)[3]; len(last[0]) != 3 || len(without) != 2 {
			t.Errorf("%s attests %d and %d times, want 3 times if the tests passed and else 2", signing, len(last[0]), len(without))
		}
		if without := VerifyDeployment(project(), r, untested); len(verify) != 2 || len(without) != 1 {
			t.Errorf("%s verifies by %d and %d steps, want 2, and 1 for untested images", signing, len(verify), len(without))
		}
		if got := strings.Join(sign.Args, " "); !strings.HasSuffix(got, want.sign) || !slices.Equal(sign.Secrets, want.secrets) {
			t.Errorf("%s signs by %q with %v", signing, got, sign.Secrets)
		}
		for i, command := range []string{"verify", "verify-tests"} {
			step := verify[i][0]
			if got, suffix := strings.Join(step.Args, " "), strings.Replace(want.verify, " verify ", " "+command+" ", 1); !strings.HasSuffix(got, suffix) {
				t.Errorf("%s: %q, want %q", signing, got, suffix)
			}
			if !slices.Equal(step.Secrets, []string{registryPassword}) {
				t.Errorf("%s: %s gets %v", signing, step.Name, step.Secrets)
			}
		}
	}
}

// TestSecrets checks that only the steps that log in get the password. Without a user name, no step
// gets it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	nameless := release()
	nameless.Username, nameless.Signing = "", Unsigned
	for command, p := range map[string]Plan{"build": plans()["build"], "check": plans()["check"], "test": plans()["test"], "nameless": Publish(project(), nameless, true)} {
		for _, stage := range p {
			for _, s := range stage {
				if len(s.Secrets) != 0 {
					t.Errorf("%s: %s gets %v", command, s.Name, s.Secrets)
				}
			}
		}
	}
	for _, s := range plans()["publish"][2] {
		if !slices.Equal(s.Secrets, []string{registryPassword}) {
			t.Errorf("%s gets %v", s.Name, s.Secrets)
		}
	}
}
