package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"taskmaster/services/web/proxy"
)

// A page contains its version, and every response names the server's version, including those of
// upstreams.
func TestVersionHeader(t *testing.T) {
	t.Parallel()
	e := start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(proxy.VersionHeader, "of api")
	})}})
	page := e.do("GET", "/enter", nil)
	match := regexp.MustCompile(`<meta name="taskmaster-version" content="([^"]+)">`).FindStringSubmatch(page.body)
	if match == nil {
		t.Fatal("the page does not contain its version")
	}
	for _, path := range []string{"/enter", "/healthz", "/api/v1/me", "/nowhere"} {
		if got := e.do("GET", path, nil).header.Values(proxy.VersionHeader); len(got) != 1 || got[0] != match[1] {
			t.Errorf("%s: got version %q, want the page's, %q", path, got, match[1])
		}
	}
}

// Another template or file changes the version. The same files give the same version.
func TestVersionFollowsThePage(t *testing.T) {
	t.Parallel()
	version := func(files, template string) string {
		t.Helper()
		got, err := newVersion(&assets{version: files}, fstest.MapFS{"templates/layout.html": {Data: []byte(template)}})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := version("files", "layout")
	if got := version("files", "layout"); got != first {
		t.Errorf("the same page has versions %q and %q", first, got)
	}
	if got := version("files", "another layout"); got == first {
		t.Error("another template has the same version")
	}
	if got := version("other files", "layout"); got == first {
		t.Error("other files have the same version")
	}
}

// The login page tells a browser with an ended session that the session has ended. Other browsers
// do not see this.
func TestEndedSessionIsAnnounced(t *testing.T) {
	t.Parallel()
	e := start(t, config{APIURLs: []string{upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"code": "unauthorized", "detail": "log in"}`))
	})}})
	const words = "Your session has ended."
	if got := e.do("GET", "/enter", nil, "Cookie", "taskmaster_session=ended"); !strings.Contains(got.body, words) {
		t.Errorf("got %s, want it to say %q", got.body, words)
	}
	if got := e.do("GET", "/enter", nil); strings.Contains(got.body, words) {
		t.Errorf("a browser without a session sees %q", words)
	}
}
