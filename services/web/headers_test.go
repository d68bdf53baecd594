package main

import (
	"net/http"
	"strings"
	"testing"

	"taskmaster/services/web/proxy"
)

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	api := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src *")
		w.Header().Set("ETag", `"1"`)
	})
	for publicURL, hsts := range map[string]string{"http://localhost:8080": "", "https://tasks.example.com": "max-age=31536000; includeSubDomains"} {
		e := start(t, config{APIURLs: []string{api}, PublicURL: publicURL})
		for _, path := range []string{"/enter", "/static/a/app.js", "/api/v1/me", "/nowhere", "/live"} {
			got := e.do("GET", path, nil).header
			for name, want := range proxy.SecurityHeaders() {
				if values := got.Values(name); len(values) != 1 || values[0] != want {
					t.Errorf("%s: got %s %q, want %q once", path, name, values, want)
				}
			}
			if got.Get("Strict-Transport-Security") != hsts {
				t.Errorf("%s: got Strict-Transport-Security %q, want %q", path, got.Get("Strict-Transport-Security"), hsts)
			}
		}
		if got := e.do("GET", "/api/v1/me", nil).header.Get("ETag"); got != `"1"` {
			t.Errorf("got ETag %q, want the upstream's", got)
		}
	}
	policy := proxy.SecurityHeaders()["Content-Security-Policy"]
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("the policy is weak: %s", policy)
	}
}

// TestAccountPagesAreNotStored shows that the browser keeps no page of the account, and that a logout
// empties its cache. Task pages are asked for again, so that going back is instant.
func TestAccountPagesAreNotStored(t *testing.T) {
	t.Parallel()
	_, ask := settings(t, nil)
	for path, want := range map[string]string{
		"/settings/account": "no-store", "/settings/notifications": "no-store", "/settings/import": "no-store", "/all": "private, no-cache",
	} {
		if got := ask("GET", path, nil).header.Get("Cache-Control"); got != want {
			t.Errorf("%s: got Cache-Control %q, want %q", path, got, want)
		}
	}
	if got := ask("POST", "/logout", nil); got.status != 303 || got.header.Get("Clear-Site-Data") != `"cache"` {
		t.Errorf("logout: got %d and Clear-Site-Data %q, want the cache", got.status, got.header.Get("Clear-Site-Data"))
	}
}
