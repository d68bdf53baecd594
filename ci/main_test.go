package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"taskmaster/ci/plan"
)

// ci runs the program.
func ci(t *testing.T, env map[string]string, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = execute(t.Context(), args, func(key string) string { return env[key] }, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// TestProject checks that all deployed programs are built, each from its own imports.
func TestProject(t *testing.T) {
	t.Parallel()
	root, p, err := readProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range p.Services {
		names = append(names, c.Name)
		if !slices.Contains(c.Folders, "services/"+c.Name) || !slices.Contains(c.Folders, "internal/server") {
			t.Errorf("%s is built from %v", c.Name, c.Folders)
		}
		if slices.Contains(c.Folders, "internal/postgres") == (c.Name == "recurring") {
			t.Errorf("%s and the database: built from %v", c.Name, c.Folders)
		}
	}
	if want := []string{"api", "assistant", "live", "notifier", "recurring", "web"}; !slices.Equal(names, want) {
		t.Errorf("services are %v, want %v", names, want)
	}
	if !regexp.MustCompile(`^[0-9a-f]{40}(-changed)?$`).MatchString(p.Revision) || p.Time.IsZero() {
		t.Errorf("read %+v", p)
	}
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*"))
	if err != nil || len(files) != len(plan.Workflows) {
		t.Errorf("workflows are %v, %v, and %v are checked", files, err, plan.Workflows)
	}
}

// TestSourcesOfPrograms checks that the steps that run a program of the repository see all of its
// files. In a container, a missing file fails the build of the program.
func TestSourcesOfPrograms(t *testing.T) {
	t.Parallel()
	root, p, err := readProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release := plan.Release{Registry: "ghcr.io/owner", Platforms: []string{"linux/amd64"}, Signing: plan.Keyless}
	smoke := plan.Rollout(p, plan.Stack{}, plan.Record{}, plan.Deployment{}, "")
	var programs []string
	for _, stage := range slices.Concat(plan.Publish(p, release, true), plan.Notify(p, plan.Notice{}), smoke) {
		for _, step := range stage {
			if !strings.HasPrefix(strings.Join(step.Args, " "), "go run ./") || slices.Contains(programs, step.Args[2]) {
				continue
			}
			programs = append(programs, step.Args[2])
			const format = `{{$folder := .ImportPath}}{{range .GoFiles}}{{$folder}}/{{.}} {{end}}{{range .EmbedFiles}}{{$folder}}/{{.}} {{end}}`
			files, err := answer(t.Context(), root, "go", "list", "-deps", "-f", format, step.Args[2])
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range strings.Fields(files) {
				file, ours := strings.CutPrefix(file, "taskmaster/")
				if ours && !slices.ContainsFunc(step.Sources, func(pattern string) bool {
					folder, all := strings.CutSuffix(pattern, "**")
					same, _ := path.Match(pattern, file) // fails only for a malformed pattern
					return same || all && strings.HasPrefix(file, folder)
				}) {
					t.Errorf("%s: does not see %s, which its program is built from", step.Name, file)
				}
			}
		}
	}
	if want := []string{"./ci/scan", "./ci/image", "./ci/sign", "./ci/notify", "./tests/smoke"}; !slices.Equal(programs, want) {
		t.Errorf("checked %v, want %v", programs, want)
	}
}

func TestWebAddress(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"git@example.com:owner/taskmaster.git":                 "https://example.com/owner/taskmaster",
		"https://example.com/owner/taskmaster.git":             "https://example.com/owner/taskmaster",
		"https://robot:planted-secret@example.com/owner/tasks": "https://example.com/owner/tasks",
		"/srv/taskmaster": "",
	} {
		if got := webAddress(remote); got != want {
			t.Errorf("%s became %q, want %q", remote, got, want)
		}
	}
}

// TestPublish checks that a registry with a password receives all images under the printed digests.
// The password is never printed.
func TestPublish(t *testing.T) {
	store := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); r.Method != http.MethodGet && r.Method != http.MethodHead && (user != "robot" || password != "planted-secret") {
			w.WriteHeader(http.StatusForbidden)
			return
		} else if user == "" && r.URL.Path == "/v2/" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		store.ServeHTTP(w, r)
	}))
	defer server.Close()
	where := strings.TrimPrefix(server.URL, "http://") + "/owner"
	db, err := filepath.Abs(filepath.Join("testdata", "vulndb"))
	if err != nil {
		t.Fatal(err)
	}
	root := copyRepository(t)
	publish := []string{
		"-vulndb", "file://" + db,
		"-local", "-base", "scratch", "-platforms", "linux/amd64", "-registry", where, "-username", "robot", "-tags", "stable", "-sign", "none", "publish",
	}

	status, out, errs := ci(t, map[string]string{"REGISTRY_PASSWORD": "planted-secret"}, publish...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	if strings.Contains(out+errs, "planted-secret") {
		t.Errorf("the password is printed: %s%s", out, errs)
	}
	published := regexp.MustCompile(`(?m)^(\w+): (\S+@sha256:\w+)$`).FindAllStringSubmatch(out, -1)
	if len(published) != 6 {
		t.Fatalf("published %q", out)
	}
	for _, p := range published {
		digest, err := name.NewDigest(p[2], name.Insecure)
		if err != nil {
			t.Fatal(err)
		}
		tagged, err := remote.Head(digest.Context().Tag("stable"))
		if err != nil || tagged.Digest.String() != digest.DigestStr() || digest.Context().Name() != where+"/taskmaster-"+p[1] {
			t.Errorf("%s is %v, %v, want %s", p[1], tagged, err, digest)
		}
	}

	// If the registry refuses the push, the run fails with status 1 and names the step.
	status, out, errs = ci(t, map[string]string{"REGISTRY_PASSWORD": "wrong-secret"}, publish...)
	if status != 1 || !strings.Contains(errs, "FAILED publish api: exit status 1") || !strings.Contains(errs, "403") {
		t.Errorf("status %d: %s", status, errs)
	}
	if strings.Contains(out+errs, "wrong-secret") {
		t.Errorf("the password is printed: %s%s", out, errs)
	}
	// A later deploy must not find the digests of the first run.
	if left, err := filepath.Glob(filepath.Join(root, plan.Dist, "*.digest")); err != nil || len(left) != 0 {
		t.Errorf("the failed run left %v, %v", left, err)
	}
}

// TestNotify checks that a failed notification is reported without its address and does not fail
// the run.
func TestNotify(t *testing.T) {
	t.Parallel()
	const gone = "http://127.0.0.1:1" // no server listens there
	env := map[string]string{
		"SLACK_WEBHOOK_URL": gone + "/services/planted-secret", "GITHUB_TOKEN": "planted-secret", "GITHUB_API_URL": gone,
		"GITHUB_REPOSITORY": "owner/taskmaster", "GITHUB_SHA": strings.Repeat("0", 40), "GITHUB_REF": "refs/heads/main",
	}
	status, out, errs := ci(t, env, "-local", "notify")
	if status != 0 || !strings.Contains(errs, "NOT NOTIFIED: Slack: ") || !strings.Contains(errs, "NOT NOTIFIED: the commit: ") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	if strings.Contains(out+errs, "planted-secret") {
		t.Errorf("a secret is printed: %s%s", out, errs)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	status, out, errs := ci(t, nil, "-plan")
	if status != 0 {
		t.Fatal(errs)
	}
	for _, want := range []string{"check 2: vet\n", "test 1: tests\n", "build 1: compile web for linux/arm64\n", "go run ./ci/image -name localhost/taskmaster-web"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
	// -plan prints the signing step even if this machine cannot sign.
	status, shown, errs := ci(t, nil, "-plan", "-registry", "ghcr.io/owner", "publish")
	if status != 0 || !strings.Contains(shown, "publish 4: sign the images\n") || !strings.Contains(shown, "publish 4: attest the test results\n") {
		t.Errorf("status %d: %s%s", status, shown, errs)
	}
	if strings.Contains(out, "publish") {
		t.Errorf("publishes by default:\n%s", out)
	}
}

// TestRegistry checks the names of images and the login at a registry.
func TestRegistry(t *testing.T) {
	t.Parallel()
	// The name of an owner may have capital letters, and registries refuse them.
	status, out, errs := ci(t, nil, "-plan", "-registry", "ghcr.io/OwnerName", "-sign", "none", "publish")
	if status != 0 || !strings.Contains(out, " -name ghcr.io/ownername/taskmaster-web ") || strings.Contains(out, "OwnerName") {
		t.Errorf("status %d: %s%s", status, out, errs)
	}
	// Another registry than GitHub's needs its own account.
	github := map[string]string{"GITHUB_ACTOR": "robot", "REGISTRY_USERNAME": "robot", "REGISTRY_PASSWORD": "token"}
	other := map[string]string{"GITHUB_ACTOR": "robot", "REGISTRY_USERNAME": "pusher", "REGISTRY_PASSWORD": "password"}
	for _, test := range []struct {
		registry string
		env      map[string]string
		status   int
		want     string
	}{
		{"ghcr.io/owner", github, 0, "REGISTRY_USERNAME=robot"},
		{"registry.example/team", github, 2, "set the variable REGISTRY_USERNAME and the secret REGISTRY_PASSWORD"},
		{"registry.example/team", other, 0, "REGISTRY_USERNAME=pusher"},
	} {
		status, out, errs := ci(t, test.env, "-plan", "-registry", test.registry, "-sign", "none", "publish")
		if status != test.status || !strings.Contains(out+errs, test.want) {
			t.Errorf("%s: status %d: %s%s", test.registry, status, out, errs)
		}
	}
}

func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	status, _, errs := ci(t, nil, "-registry", "Not A Registry", "-username", "robot", "-platforms", "windows", "-tags", "a b", "deplyo")
	if status != 2 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{
		`unknown command "deplyo"; the commands are check, test, build, publish`, "-registry", "REGISTRY_PASSWORD", `"windows" is not a platform`, `"a b" is not a tag`,
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is missing in:\n%s", want, errs)
		}
	}
	for _, c := range []struct{ flag, value, want string }{
		{"-sign", "keyless", "id-token: write"}, {"-sign", "key", "set COSIGN_KEY"}, {"-sign", "nobody", "use keyless, key or none"}, {"-public-key", "key.pub", "set COSIGN_KEY"},
	} {
		if status, _, errs := ci(t, nil, "-registry", "ghcr.io/owner", c.flag, c.value, "publish"); status != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%s %s: status %d, %s", c.flag, c.value, status, errs)
		}
	}
	if status, _, errs := ci(t, nil, "publish"); status != 2 || !strings.Contains(errs, "name the registry to publish to") {
		t.Errorf("status %d: %s", status, errs)
	}
	if status, _, _ := ci(t, nil, "-nothing"); status != 2 {
		t.Errorf("status %d", status)
	}
	if status, _, errs := ci(t, nil, "-h"); status != 0 || !strings.Contains(errs, "publish") {
		t.Errorf("status %d: %s", status, errs)
	}
}
