package main

import (
	"strings"
	"testing"
)

// Errors are shown to people in a page. They do not replace the user's view or typed text.
func TestProblemsOfPages(t *testing.T) {
	t.Parallel()
	e := start(t, config{}) // without upstreams
	session := []string{"Cookie", "taskmaster_session=x", "Accept", "text/html"}
	tests := map[string]struct {
		method, path string
		header       []string
		status       int
		says         string
		want         map[string]string
	}{
		"a page":           {"GET", "/today", nil, 503, "Not reachable right now", map[string]string{"Retry-After": "2"}},
		"another view":     {"GET", "/today", []string{"HX-Request", "true"}, 503, "not reachable", map[string]string{"HX-Retarget": "#problem", "HX-Push-Url": "false"}},
		"a refresh":        {"GET", "/today", []string{"HX-Request", "true", "Taskmaster-Refresh", "1"}, 503, "", map[string]string{"HX-Reswap": "none"}},
		"a form":           {"POST", "/tasks", []string{"HX-Request", "true"}, 503, "not reachable", map[string]string{"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"}},
		"no such page":     {"GET", "/nowhere", nil, 404, "There is nothing here", nil},
		"an internal path": {"POST", "/internal/occurrences", nil, 404, "not_found", nil},
	}
	for name, tt := range tests {
		got := e.do(tt.method, tt.path, strings.NewReader(""), append(append(tt.header, session...), "Content-Type", "application/x-www-form-urlencoded")...)
		if got.status != tt.status || !strings.Contains(got.body, tt.says) {
			t.Errorf("%s: got %d %s, want %d saying %q", name, got.status, got.body, tt.status, tt.says)
		}
		for header, want := range tt.want {
			if got.header.Get(header) != want {
				t.Errorf("%s: got %s %q, want %q", name, header, got.header.Get(header), want)
			}
		}
	}
}

func TestFormTooLarge(t *testing.T) {
	t.Parallel()
	got := start(t, config{}).do("POST", "/login", strings.NewReader("email="+strings.Repeat("x", maxForm)), "Content-Type", "application/x-www-form-urlencoded")
	if got.status != 413 || !strings.Contains(got.body, "The form is too large.") {
		t.Errorf("got %d %s, want 413", got.status, got.body)
	}
}
