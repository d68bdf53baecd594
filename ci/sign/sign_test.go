//go:build signing

package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// cosign has the version of the plan.
const cosign = "github.com/sigstore/cosign/v3/cmd/cosign@v3.0.6"

const planted = "planted-secret"

// sign runs the program with write access to the registry and returns its output.
func sign(t *testing.T, password string, args ...string) (status int, output string) {
	t.Helper()
	var out bytes.Buffer
	env := map[string]string{"REGISTRY_USERNAME": "robot", "REGISTRY_PASSWORD": password}
	status = command(t.Context(), append([]string{"-cosign", cosign}, args...), func(key string) string { return env[key] }, &out, &out)
	for _, secret := range []string{planted, password, "PRIVATE KEY"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("a secret is printed:\n%s", &out)
		}
	}
	return status, out.String()
}

// push pushes an image to the registry and returns its name by digest.
func push(t *testing.T, host, image string) string {
	t.Helper()
	content, err := random.Image(16, 1)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := content.Digest()
	if err != nil {
		t.Fatal(err)
	}
	to, err := name.NewDigest(host+"/owner/"+image+"@"+digest.String(), name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(to, content, remote.WithAuth(&authn.Basic{Username: "robot", Password: planted})); err != nil {
		t.Fatal(err)
	}
	return to.String()
}

// serve starts a registry that requires the password.
func serve(t *testing.T) (host string) {
	t.Helper()
	store := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "robot" || password != planted {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// keyPair creates a key that COSIGN_PASSWORD opens. It returns the private key and the file of the
// public key.
func keyPair(t *testing.T) (private, public string) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "run", cosign, "generate-key-pair", "--output-key-prefix", filepath.Join(dir, "pair"))
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("create a key: %v\n%s", err, output)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "pair.key"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), filepath.Join(dir, "pair.pub")
}

// login returns the registry login that the program writes for cosign.
func login(t *testing.T, image string) string {
	t.Helper()
	dir, err := config{username: "robot", password: planted, images: []string{image}}.login()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestSignAndVerify checks that the public key verifies exactly the signed digests.
func TestSignAndVerify(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	t.Setenv("COSIGN_PASSWORD", planted)
	private, public := keyPair(t)
	_, another := keyPair(t)
	t.Setenv("COSIGN_KEY", private)
	host := serve(t)
	api, web, unsigned := push(t, host, "api"), push(t, host, "web"), push(t, host, "web")
	file := filepath.Join(t.TempDir(), "web.digest")
	if err := os.WriteFile(file, []byte(web+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	if status, output := sign(t, "wrong-secret", "-key", "env://COSIGN_KEY", "sign", api); status != 1 || !strings.Contains(output, "401") {
		t.Errorf("status %d: %s", status, output)
	}
	if status, output := sign(t, planted, "-key", "env://COSIGN_KEY", "sign", api, file); status != 0 || !strings.Contains(output, "signed "+web) {
		t.Fatalf("status %d: %s", status, output)
	}
	if status, output := sign(t, planted, "-key", public, "verify", file, api); status != 0 || !strings.Contains(output, "verified "+api) {
		t.Errorf("status %d: %s", status, output)
	}
	attested := strings.TrimSuffix(file, ".digest") + ".provenance.json"
	if err := os.WriteFile(attested, []byte(`{"buildDefinition": {"buildType": "https://example.com/build"}, "runDetails": {}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, output := sign(t, planted, "-key", "env://COSIGN_KEY", "attest", file); status != 0 || !strings.Contains(output, "attested the provenance of "+web) {
		t.Errorf("status %d: %s", status, output)
	}
	if status, output := sign(t, planted, "-key", public, "verify", web); status != 0 {
		t.Errorf("attestation of an image by digest: status %d: %s", status, output)
	}
	own := login(t, web)
	t.Setenv("DOCKER_CONFIG", own)
	verify := exec.Command("go", "run", cosign, "verify-attestation", "--allow-http-registry", "--type", "slsaprovenance1", "--key", public, "--insecure-ignore-tlog", web)
	if output, err := verify.CombinedOutput(); err != nil {
		t.Errorf("the attestation: %v\n%s", err, output)
	}
	verify = exec.Command("go", "run", cosign, "verify-attestation", "--allow-http-registry", "--type", "slsaprovenance1", "--key", public, "--insecure-ignore-tlog", api)
	if output, err := verify.CombinedOutput(); err == nil {
		t.Errorf("the attestation of an image without one is:\n%s", output)
	}
	for what, args := range map[string][]string{
		"an unsigned image":                  {"-key", public, "verify", unsigned},
		"one unsigned image of three":        {"-key", public, "verify", api, unsigned, web},
		"another's key":                      {"-key", another, "verify", api},
		"a signature of another image there": {"-key", public, "verify", strings.Replace(api, "/api@", "/web@", 1)},
	} {
		if status, output := sign(t, planted, args...); status != 1 || !strings.Contains(output, "cosign: exit status") || strings.Contains(output, "sign: verified") {
			t.Errorf("%s: status %d: %s", what, status, output)
		}
	}
	_ = os.RemoveAll(own)
	left, err := filepath.Glob(filepath.Join(temporary, "taskmaster-login-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("logins are left: %v, %v", left, err)
	}
}

// TestKeylessArguments checks the arguments for cosign without a key. Sigstore's servers are not
// called here.
func TestKeylessArguments(t *testing.T) {
	t.Parallel()
	image := "ghcr.io/owner/taskmaster-api@sha256:" + strings.Repeat("0", 64)
	workflow, issuer := "https://github.com/owner/taskmaster/.github/workflows/deploy.yml@refs/heads/main", "https://token.actions.githubusercontent.com"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"sign", image}, "sign --yes " + image},
		{
			[]string{"-identity", workflow, "-issuer", issuer, "verify", image},
			"verify --output text --certificate-identity " + workflow + " --certificate-oidc-issuer " + issuer + " " + image,
		},
	} {
		cfg, err := loadConfig(append([]string{"-cosign", cosign}, c.args...), func(string) string { return "" }, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(append(cfg.arguments(false), cfg.images...), " "); got != c.want {
			t.Errorf("%v runs cosign %s, want %s", c.args, got, c.want)
		}
	}
}

func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	image := "ghcr.io/owner/taskmaster-api@sha256:" + strings.Repeat("0", 64)
	for want, args := range map[string][]string{
		`unknown command "stamp"`:              {"stamp", image},
		"is not an image by digest":            {"-key", "k", "sign", "ghcr.io/owner/api:latest@tag"},
		"no such file":                         {"-key", "k", "sign", filepath.Join(t.TempDir(), "api.digest")},
		"name at least one image":              {"-key", "k", "sign"},
		"by -key or by -identity and -issuer":  {"verify", image},
		"is not the address of a workflow":     {"-identity", "/.github/workflows/deploy.yml", "-issuer", "x", "verify", image},
		"verify: name the signer, by -key or ": {"-key", "k", "-identity", "https://x", "-issuer", "x", "verify", image},
	} {
		if status, output := sign(t, planted, args...); status != 2 || !strings.Contains(output, want) {
			t.Errorf("%v: status %d, %s", args, status, output)
		}
	}
}
