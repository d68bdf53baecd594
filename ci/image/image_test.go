package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

const (
	commit = "0123456789abcdef0123456789abcdef01234567"
	moment = "2026-11-25T10:00:00Z"
)

// programs are the paths of the programs in the tests' images.
var programs struct{ amd64, arm64 string }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "taskmaster-image-")
	if err != nil {
		panic(err)
	}
	programs.amd64, programs.arm64 = filepath.Join(dir, "amd64"), filepath.Join(dir, "arm64")
	for arch, out := range map[string]string{"amd64": programs.amd64, "arm64": programs.arm64} {
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-w -buildid=", "-o", out, "./testdata/program")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
		if output, err := cmd.CombinedOutput(); err != nil {
			panic(string(output))
		}
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// image runs the program.
func image(t *testing.T, env map[string]string, args ...string) (status int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = command(t.Context(), args, func(key string) string { return env[key] }, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// imageArguments returns arguments for an image of both platforms, followed by more.
func imageArguments(repository string, more ...string) []string {
	args := append([]string{"-name", repository, "-revision", commit, "-time", moment, "-source", "https://example.com/taskmaster"}, more...)
	return append(args, "linux/amd64="+programs.amd64, "linux/arm64="+programs.arm64)
}

func TestArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.tar"), filepath.Join(dir, "second.tar")
	var names []string
	for _, out := range []string{first, second} {
		status, output, errs := image(t, nil, imageArguments("example.com/taskmaster-web", "-out", out)...)
		if status != 0 {
			t.Fatal(errs)
		}
		names = append(names, output)
	}
	if names[0] != names[1] || !bytes.Equal(read(t, first), read(t, second)) {
		t.Errorf("the same programs gave two images: %q", names)
	}

	index, err := layout.ImageIndexFromPath(unpack(t, first))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"example.com/taskmaster-web:" + commit, strings.TrimSpace(names[0])} {
		if got := manifest.Manifests[i].Annotations["org.opencontainers.image.ref.name"]; got != want {
			t.Errorf("loaded as %q, want %q", got, want)
		}
	}
	img, err := index.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		checkImage(t, of(t, img, arch), arch)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".image-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// checkImage checks the files and the configuration of an image on scratch.
func checkImage(t *testing.T, img v1.Image, arch string) {
	t.Helper()
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	created, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		t.Fatal(err)
	}
	want := *file
	want.Architecture, want.OS, want.Created = arch, "linux", v1.Time{Time: created}
	want.Config.User, want.Config.Entrypoint = "65532:65532", []string{"/taskmaster-web"}
	if diff := cmp.Diff(want, *file); diff != "" {
		t.Errorf("the configuration differs (-want +got):\n%s", diff)
	}
	labels := file.Config.Labels
	if labels["org.opencontainers.image.revision"] != commit || labels["org.opencontainers.image.source"] != "https://example.com/taskmaster" {
		t.Errorf("labels are %v", labels)
	}
	files := map[string][]byte{}
	packed := mutate.Extract(img)
	defer packed.Close()
	for r := tar.NewReader(packed); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = content
		if got := header.ModTime.UTC().Format("2006-01-02T15:04:05Z07:00"); got != moment || header.Uid != 0 {
			t.Errorf("%s is of %s and user %d", header.Name, got, header.Uid)
		}
	}
	program := map[string]string{"amd64": programs.amd64, "arm64": programs.arm64}[arch]
	if !bytes.Equal(files["taskmaster-web"], read(t, program)) {
		t.Errorf("%s: another program", arch)
	}
	if !bytes.Contains(files["etc/ssl/certs/ca-certificates.crt"], []byte("BEGIN CERTIFICATE")) || !bytes.Contains(files["etc/passwd"], []byte("nonroot:x:65532")) {
		t.Error("certificates or users are missing")
	}
}

func TestPush(t *testing.T) {
	t.Parallel()
	host := serve(t, newRegistry())
	// Push a base image that has a layer of its own.
	status, out, errs := image(t, nil, imageArguments(host+"/base", "-push")...)
	if status != 0 {
		t.Fatal(errs)
	}
	base := strings.TrimSpace(out)
	status, out, errs = image(t, nil, imageArguments(host+"/web", "-push", "-tags", commit+",latest", "-base", base)...)
	if status != 0 {
		t.Fatal(errs)
	}
	digest, err := name.NewDigest(strings.TrimSpace(out), name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{commit, "latest"} {
		got, err := remote.Head(digest.Context().Tag(tag))
		if err != nil || got.Digest.String() != digest.DigestStr() {
			t.Errorf("%s is %v, %v, want %s", tag, got, err, digest.DigestStr())
		}
	}

	index, err := remote.Index(digest)
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		img := of(t, index, arch)
		layers, err := img.Layers()
		if err != nil || len(layers) != 3 {
			t.Fatalf("%s: %d layers, %v, want the base's two and the program's", arch, len(layers), err)
		}
		file, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Config.Labels["org.opencontainers.image.base.digest"]; !strings.HasSuffix(base, "@"+got) {
			t.Errorf("base is %q, want %s", got, base)
		}
		of, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		checkBOM(t, attached(t, digest.Context().Digest(of.String()), string(bomType)))
	}
	var s statement
	if err := json.Unmarshal(attached(t, digest, string(provenanceType)), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Subject) != 1 || "sha256:"+s.Subject[0].Digest["sha256"] != digest.DigestStr() ||
		s.Predicate.BuildDefinition.ResolvedDependencies[0].Digest["gitCommit"] != commit {
		t.Errorf("provenance is %+v", s)
	}
}

func checkBOM(t *testing.T, raw []byte) {
	t.Helper()
	var bom cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(raw), cdx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"std", "github.com/go-playground/validator/v10"} {
		if !slices.ContainsFunc(*bom.Components, func(c cdx.Component) bool { return c.Name == want && c.Version != "" }) {
			t.Errorf("no %s in the bill of materials", want)
		}
	}
}

// TestPassword checks that a registry gets the password from the environment, and that the password
// is never printed.
func TestPassword(t *testing.T) {
	t.Parallel()
	store := newRegistry()
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "robot" || password != "planted-secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		store.ServeHTTP(w, r)
	}))
	archive := filepath.Join(t.TempDir(), "web.tar")
	for password, want := range map[string]int{"planted-secret": 0, "wrong-secret": 1} {
		env := map[string]string{"REGISTRY_USERNAME": "robot", "REGISTRY_PASSWORD": password}
		status, out, errs := image(t, env, imageArguments(host+"/web", "-push", "-out", archive)...)
		if status != want {
			t.Errorf("%s: status %d: %s", password, status, errs)
		}
		if want != 0 && !strings.Contains(errs, "push "+host+"/web") {
			t.Errorf("%q does not name the refusal", errs)
		}
		if strings.Contains(out+errs, "secret") || bytes.Contains(read(t, archive), []byte(password)) {
			t.Errorf("the password is printed: %q %q", out, errs)
		}
	}
}

func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, errs := image(t, map[string]string{"REGISTRY_USERNAME": "robot"},
		"-name", "Foo Bar", "-time", "yesterday", "-base", "debian", "-tags", "a b", "x=y", "linux/arm64="+programs.amd64, "linux/amd64="+text)
	if status != 2 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{
		"Foo Bar", "-revision", `"yesterday"`, `"debian" is not an image by digest`, `"a b" is not a tag`, "-out FILE", "REGISTRY_PASSWORD",
		`"x=y" is not PLATFORM=FILE`, "for linux/amd64, not for linux/arm64", text + " is not a program made by Go",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is missing in:\n%s", want, errs)
		}
	}
	for _, args := range [][]string{{"-nothing"}, {}} {
		if status, _, _ := image(t, nil, args...); status != 2 {
			t.Errorf("%q: status %d", args, status)
		}
	}
}

// TestNoBase checks that the error for a missing base names -base scratch as the alternative.
func TestNoBase(t *testing.T) {
	t.Parallel()
	host := serve(t, newRegistry())
	base := host + "/base@sha256:" + strings.Repeat("0", 64)
	status, _, errs := image(t, nil, imageArguments(host+"/web", "-push", "-base", base)...)
	if status != 1 || !strings.Contains(errs, base) || !strings.Contains(errs, "-base scratch") {
		t.Errorf("status %d: %s", status, errs)
	}
}
