package main

import (
	"net/http"
	"path"
	"regexp"
	"strings"
	"testing"

	"taskmaster/internal/account"
)

func TestRates(t *testing.T) {
	t.Parallel()
	cookie := func(session string) []string { return []string{"Cookie", account.CookieName + "=" + session} }
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	from := func(address string) []string { return []string{"X-Forwarded-For", address} }
	type request struct {
		header []string
		path   string
		want   int
	}
	// Of 4 a minute, 2 may come at once.
	tests := map[string]struct {
		cfg      config
		requests []request
	}{
		"an address": {config{RatePerMinuteAddress: 4}, []request{
			{nil, "/api/v1/me", 200}, {nil, "/live", 200}, {nil, "/api/v1/me", 429}, {bearer("a"), "/mcp", 429}, {from("203.0.113.1"), "/api/v1/me", 429},
		}},
		"addresses that a proxy of ours names": {config{RatePerMinuteAddress: 4, TrustedProxies: []string{"127.0.0.0/8"}}, []request{
			{from("203.0.113.1"), "/api/v1/me", 200}, {from("203.0.113.1"), "/api/v1/me", 200}, {from("203.0.113.1"), "/api/v1/me", 429},
			{from("203.0.113.2"), "/api/v1/me", 200}, {from("203.0.113.2, 203.0.113.1"), "/api/v1/me", 429},
		}},
		"a session": {config{RatePerMinuteUser: 4}, []request{
			{cookie("a"), "/api/v1/me", 200}, {cookie("a"), "/live", 200}, {cookie("a"), "/api/v1/me", 429},
			{cookie("b"), "/api/v1/me", 200}, {nil, "/api/v1/me", 200},
		}},
		"a token": {config{RatePerMinuteUser: 4}, []request{
			{bearer("a"), "/api/v1/me", 200}, {bearer("a"), "/mcp", 200}, {bearer("a"), "/api/v1/me", 429}, {bearer("b"), "/api/v1/me", 200},
		}},
		"the page's files do not count": {config{RatePerMinuteAddress: 4}, []request{
			{nil, "/favicon.ico", 200}, {nil, "/static/a/app.js", 200}, {nil, "/static/a/style.css", 200}, {nil, "/api/v1/me", 200},
		}},
		"the pages count": {config{RatePerMinuteAddress: 4}, []request{
			{nil, "/enter", 200}, {nil, "/api/v1/me", 200}, {nil, "/enter", 429},
		}},
		"no limits": {config{}, []request{
			{cookie("a"), "/api/v1/me", 200}, {cookie("a"), "/api/v1/me", 200}, {cookie("a"), "/api/v1/me", 200}, {cookie("a"), "/api/v1/me", 200},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.APIURLs, tt.cfg.LiveURLs = []string{named(t, "api")}, []string{named(t, "live")}
			e := start(t, tt.cfg)
			for i, r := range tt.requests {
				got := e.do("GET", r.path, nil, r.header...)
				if got.status != r.want {
					t.Errorf("request %d: got %d %s, want %d", i, got.status, got.body, r.want)
				}
				if got.status == 429 && r.path != "/enter" && (got.code() != "rate_limited" || got.header.Get("Retry-After") == "") {
					t.Errorf("request %d: got %s, want a problem with Retry-After", i, got.body)
				}
			}
		})
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	api := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src *")
		w.Header().Set("ETag", `"1"`)
	})
	for publicURL, hsts := range map[string]string{"http://localhost:8080": "", "https://tasks.example.com": "max-age=31536000"} {
		e := start(t, config{APIURLs: []string{api}, PublicURL: publicURL})
		for _, path := range []string{"/enter", "/static/a/app.js", "/api/v1/me", "/nowhere", "/live"} {
			got := e.do("GET", path, nil).header
			for name, want := range securityHeaders {
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
	policy := securityHeaders["Content-Security-Policy"]
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("the policy is weak: %s", policy)
	}
}

func TestFilesOfAPage(t *testing.T) {
	t.Parallel()
	e := start(t, config{})
	enter := e.do("GET", "/enter", nil)
	if enter.status != 200 || !strings.HasPrefix(enter.header.Get("Content-Type"), "text/html") {
		t.Fatalf("got %d %s, want the page", enter.status, enter.header.Get("Content-Type"))
	}
	// Browsers would not run it: the policy forbids what stands in the HTML.
	if inline := regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\s(style|on[a-z]+|hx-on[^=]*)=`).FindString(enter.body); inline != "" {
		t.Errorf("the page has inline script or style: %s", inline)
	}
	var waiting []string
	for _, found := range regexp.MustCompile(`(?:src|href)="(/static/[^"]*)"`).FindAllStringSubmatch(enter.body, -1) {
		waiting = append(waiting, found[1])
	}
	size, seen := 0, map[string]bool{}
	for len(waiting) > 0 {
		file := waiting[0]
		waiting = waiting[1:]
		if seen[file] {
			continue
		}
		seen[file] = true
		got := e.do("GET", file, nil)
		if got.status != 200 || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: got %d, %v, want 200, for good", file, got.status, got.header)
		}
		if again := e.do("GET", file, nil, "If-None-Match", got.header.Get("ETag")); again.status != 304 {
			t.Errorf("%s: got %d for what the browser has, want 304", file, again.status)
		}
		if ext := path.Ext(file); ext == ".js" || ext == ".css" {
			size += len(got.body)
		}
		for _, found := range regexp.MustCompile(`\bimport\b[^;"]*"\./([^"]*)"`).FindAllStringSubmatch(got.body, -1) {
			waiting = append(waiting, path.Join(path.Dir(file), found[1]))
		}
		if strings.Contains(got.body, "innerHTML =") {
			t.Errorf("%s writes HTML", file)
		}
	}
	if len(seen) < 8 || size > 100<<10 {
		t.Errorf("got %d bytes of script and style in %d files, want at most 100 KiB in all of them", size, len(seen))
	}
	if got := e.do("GET", "/static/any/vendor/htmx.esm.min.js", nil, "Accept-Encoding", "gzip"); got.header.Get("Content-Encoding") != "gzip" || len(got.body) > 20<<10 {
		t.Errorf("got %q and %d bytes, want it compressed", got.header.Get("Content-Encoding"), len(got.body))
	}
	// A page that was loaded before an update goes on to find its files.
	if got := e.do("GET", "/static/older/app.js", nil); got.status != 200 || got.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("got %d, %s for a file of another version, want 200 and no-cache", got.status, got.header.Get("Cache-Control"))
	}
	if got := e.do("GET", "/static/older/vendor/README.md", nil); got.status != 404 {
		t.Errorf("got %d for what is no file of the page, want 404", got.status)
	}
}
