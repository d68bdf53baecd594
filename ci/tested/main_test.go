package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"taskmaster/ci/plan"
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
		"the same files passed":         {ours, "T", 1, "passed=true\nrun=77\n"},
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
				ids := ""
				if want := "event=pull_request&head_sha=head1&status=success"; r.URL.RawQuery == want && c.runs > 0 {
					ids = `{"id": 77}`
				}
				fmt.Fprintf(w, `{"workflow_runs": [%s]}`, ids)
			})
			server := httptest.NewServer(mux)
			defer server.Close()
			file := filepath.Join(t.TempDir(), "output")
			env := map[string]string{"GITHUB_API_URL": server.URL, "GITHUB_REPOSITORY": ours, "GITHUB_SHA": "main1", "GITHUB_TOKEN": "t", "GITHUB_OUTPUT": file}
			var out bytes.Buffer
			if status := command(t.Context(), nil, func(key string) string { return env[key] }, &out, &out); status != 0 {
				t.Fatalf("status %d: %s", status, out.String())
			}
			got, err := os.ReadFile(file)
			if err != nil || string(got) != c.want {
				t.Errorf("output is %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// TestRecord checks that the results of a run name its suites, and that nothing is written unless all
// of them passed. Then the workflow ends before it publishes.
func TestRecord(t *testing.T) {
	t.Parallel()
	const passed = `{"name": "tested", "conclusion": "skipped"}, {"name": "suites / check", "conclusion": "success"}, {"name": "suites / test", "conclusion": "success"}`
	for name, c := range map[string]struct{ jobs, want string }{
		"all pass":          {passed + `, {"name": "suites / test-browser", "conclusion": "success"}, {"name": "publish", "conclusion": null}`, ""},
		"one passed later":  {passed + `, {"name": "suites / test-browser", "conclusion": "success", "run_attempt": 2}, {"name": "suites / test-browser", "conclusion": "failure", "run_attempt": 1}`, ""},
		"one failed later":  {passed + `, {"name": "suites / test-browser", "conclusion": "failure", "run_attempt": 2}, {"name": "suites / test-browser", "conclusion": "success", "run_attempt": 1}`, `"failure"`},
		"on a second page":  {strings.Repeat(`{"name": "x"}, `, 100) + passed + `, {"name": "suites / test-browser", "conclusion": "failure"}`, `"failure"`},
		"one fails":         {passed + `, {"name": "suites / test-browser", "conclusion": "failure"}`, `the suite test-browser ended with "failure"`},
		"one was cancelled": {passed + `, {"name": "suites / test-browser", "conclusion": "cancelled"}`, `"cancelled"`},
		"one still runs":    {passed + `, {"name": "suites / test-browser", "conclusion": null}`, `ended with ""`},
		"no suites ran":     {`{"name": "tested", "conclusion": "success"}`, "check or test is not among the suites []"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				page, err := strconv.Atoi(r.URL.Query().Get("page"))
				if want := fmt.Sprintf("/repos/owner/taskmaster/actions/runs/77/jobs?filter=all&per_page=100&page=%d", page); err != nil || r.URL.String() != want || r.Header.Get("Authorization") != "Bearer t" {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				var jobs []json.RawMessage
				if err := json.Unmarshal([]byte("["+c.jobs+"]"), &jobs); err != nil {
					t.Error(err)
				}
				jobs = jobs[min(len(jobs), (page-1)*100):min(len(jobs), page*100)]
				if err := json.NewEncoder(w).Encode(map[string]any{"jobs": jobs}); err != nil {
					t.Error(err)
				}
			}))
			defer server.Close()
			file := filepath.Join(t.TempDir(), "dist", "tests.json")
			env := map[string]string{
				"GITHUB_API_URL": server.URL, "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "owner/taskmaster", "GITHUB_SHA": "main1", "GITHUB_TOKEN": "t",
			}
			var out bytes.Buffer
			status := command(t.Context(), []string{"-run", "77", "-out", file}, func(key string) string { return env[key] }, &out, &out)
			raw, err := os.ReadFile(file)
			if c.want != "" {
				if status != 1 || !strings.Contains(out.String(), c.want) || err == nil {
					t.Errorf("status %d: %s, and wrote %s; want %s", status, out.String(), raw, c.want)
				}
				return
			}
			var got plan.TestResult
			if err := json.Unmarshal(raw, &got); err != nil || status != 0 {
				t.Fatalf("status %d: %s: %v", status, out.String(), err)
			}
			want := plan.TestResult{
				Result: "PASSED", URL: "https://github.com/owner/taskmaster/actions/runs/77", PassedTests: []string{"check", "test", "test-browser"},
				Configuration: []plan.TestedCommit{{URI: "git+https://github.com/owner/taskmaster", Digest: map[string]string{"gitCommit": "main1"}}},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the results differ (-want +got):\n%s", diff)
			}
		})
	}
}
