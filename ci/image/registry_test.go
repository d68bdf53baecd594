package main

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
)

// TestInsecure checks that only named registries and those on this machine are reached without TLS.
func TestInsecure(t *testing.T) {
	t.Parallel()
	digest := "@sha256:" + strings.Repeat("0", 64)
	c := config{name: "registry.example:5000/web", insecure: []string{"registry.example:5000"}}
	for base, want := range map[string]string{
		"gcr.io/distroless/static": "https", "registry.example:5000/base": "http", "127.0.0.1:5000/base": "http", "registry.example/base": "https",
	} {
		reference, err := c.baseReference(base + digest)
		if err != nil {
			t.Fatal(err)
		}
		if got := reference.Context().Scheme(); got != want {
			t.Errorf("the base %s is reached with %s, want %s", base, got, want)
		}
	}
	repository, err := c.repository()
	if err != nil {
		t.Fatal(err)
	}
	if got := repository.Scheme(); got != "http" {
		t.Errorf("%s is reached with %s", repository, got)
	}
}

// TestPasswordOfAnotherRegistry checks that the registry of the base does not get the password of the
// image's registry.
func TestPasswordOfAnotherRegistry(t *testing.T) {
	t.Parallel()
	store := newRegistry()
	var passwords atomic.Int64
	bases := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); ok {
			passwords.Add(1)
		}
		store.ServeHTTP(w, r)
	}))
	status, out, errs := image(t, nil, imageArguments(bases+"/base", "-push")...)
	if status != 0 {
		t.Fatal(errs)
	}
	env := map[string]string{"REGISTRY_USERNAME": "robot", "REGISTRY_PASSWORD": "planted-secret"}
	images := serve(t, newRegistry())
	status, out, errs = image(t, env, imageArguments(images+"/web", "-push", "-base", strings.TrimSpace(out))...)
	if status != 0 {
		t.Fatal(errs)
	}
	if _, err := name.NewDigest(strings.TrimSpace(out)); err != nil {
		t.Errorf("pushed %s: %v", out, err)
	}
	if n := passwords.Load(); n != 0 {
		t.Errorf("the registry of the base got the password %d times", n)
	}
}
