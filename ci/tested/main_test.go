package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// TestPassed checks that the suites are left out only for the files of a pull request of this
// repository whose checks passed.
func TestPassed(t *testing.T) {
	t.Parallel()
	const ours = "owner/taskmaster"
	for name, c := range map[string]struct {
		from, tree string
		runs       int
		want       string
	}{
		"the same files passed":         {ours, "T", 1, "passed=true\n"},
		"the checks failed":             {ours, "T", 0, "passed=false\n"},
		"main has other files":          {ours, "other", 1, "passed=false\n"},
		"a fork can change the checks":  {"somebody/taskmaster", "T", 1, "passed=false\n"},
		"GitHub cannot be asked":        {ours, "", 1, "passed=false\n"},
		"a push without a pull request": {"", "T", 1, "passed=false\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			mux.HandleFunc("GET /repos/owner/taskmaster/commits/main1/pulls", func(w http.ResponseWriter, _ *http.Request) {
				if c.from == "" {
					fmt.Fprint(w, `[]`)
					return
				}
				fmt.Fprintf(w, `[{"number": 12, "head": {"sha": "head1", "repo": {"full_name": %q}}}]`, c.from)
			})
			mux.HandleFunc("GET /repos/owner/taskmaster/git/commits/{sha}", func(w http.ResponseWriter, r *http.Request) {
				tree := "T"
				if r.PathValue("sha") == "head1" {
					tree = c.tree
				}
				fmt.Fprintf(w, `{"tree": {"sha": %q}}`, tree)
			})
			mux.HandleFunc("GET /repos/owner/taskmaster/actions/workflows/pull-request.yml/runs", func(w http.ResponseWriter, r *http.Request) {
				count := 0
				if want := "event=pull_request&head_sha=head1&status=success"; r.URL.RawQuery == want {
					count = c.runs
				}
				fmt.Fprintf(w, `{"total_count": %d}`, count)
			})
			server := httptest.NewServer(mux)
			defer server.Close()
			file := filepath.Join(t.TempDir(), "output")
			env := map[string]string{"GITHUB_API_URL": server.URL, "GITHUB_REPOSITORY": ours, "GITHUB_SHA": "main1", "GITHUB_TOKEN": "t", "GITHUB_OUTPUT": file}
			var out bytes.Buffer
			if status := command(t.Context(), func(key string) string { return env[key] }, &out, &out); status != 0 {
				t.Fatalf("status %d: %s", status, out.String())
			}
			got, err := os.ReadFile(file)
			if err != nil || string(got) != c.want {
				t.Errorf("output is %q, %v, want %q", got, err, c.want)
			}
		})
	}
}
