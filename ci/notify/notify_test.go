package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"taskmaster/ci/plan"
)

const (
	planted = "planted-secret"
	commit  = "0123456789abcdef0123456789abcdef01234567"
)

// receiver is a fake of Slack and GitHub. It accepts only documented requests.
type receiver struct {
	t        *testing.T
	mu       sync.Mutex
	refuse   []int // answers before the first success
	slack    []slackMessage
	statuses []status
	comments []comment
	asked    []string
}

func receive(t *testing.T) (*receiver, *httptest.Server) {
	t.Helper()
	r := &receiver{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /services/{secret}", r.takeSlack)
	mux.HandleFunc("POST /repos/owner/taskmaster/statuses/{sha}", r.takeStatus)
	mux.HandleFunc("GET /repos/owner/taskmaster/issues/{number}/comments", r.listComments)
	mux.HandleFunc("POST /repos/owner/taskmaster/issues/{number}/comments", r.takeComment)
	mux.HandleFunc("PATCH /repos/owner/taskmaster/issues/comments/{id}", r.takeComment)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked = append(r.asked, q.Method+" "+q.URL.Path)
		if len(r.refuse) > 0 {
			w.WriteHeader(r.refuse[0])
			r.refuse = r.refuse[1:]
			fmt.Fprint(w, "an answer that quotes "+planted)
			return
		}
		if strings.HasPrefix(q.URL.Path, "/repos/") && (q.Header.Get("Authorization") != "Bearer "+planted || q.Header.Get("Accept") != "application/vnd.github+json") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	return r, server
}

// decode decodes a body and rejects fields that into does not have.
func decode(t *testing.T, w http.ResponseWriter, q *http.Request, into any) bool {
	t.Helper()
	d := json.NewDecoder(q.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || !strings.HasPrefix(q.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%s: %v", q.URL.Path, err)
		w.WriteHeader(http.StatusBadRequest)
		return false
	}
	return true
}

// takeSlack enforces https://docs.slack.dev/reference/block-kit/blocks/section-block.
func (r *receiver) takeSlack(w http.ResponseWriter, q *http.Request) {
	var m slackMessage
	if !decode(r.t, w, q, &m) {
		return
	}
	if m.Text == "" || len(m.Blocks) == 0 || len(m.Blocks) > 50 {
		r.t.Errorf("Slack takes no %+v", m)
	}
	for _, b := range m.Blocks {
		if b.Type != "section" || b.Text.Type != "mrkdwn" {
			r.t.Errorf("Slack takes no block %+v", b)
		}
		if n := utf8.RuneCountInString(b.Text.Text); n < 1 || n > 3000 {
			r.t.Errorf("Slack takes no block of %d characters: %+v", n, b)
		}
	}
	r.slack = append(r.slack, m)
	fmt.Fprint(w, "ok")
}

// takeStatus enforces https://docs.github.com/rest/commits/statuses#create-a-commit-status.
func (r *receiver) takeStatus(w http.ResponseWriter, q *http.Request) {
	var s status
	if !decode(r.t, w, q, &s) {
		return
	}
	if !slices.Contains([]string{"error", "failure", "pending", "success"}, s.State) || len(s.Description) > 140 || q.PathValue("sha") != commit {
		r.t.Errorf("GitHub takes no %+v for %s", s, q.PathValue("sha"))
	}
	r.statuses = append(r.statuses, s)
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, `{"id": 1}`)
}

// listComments returns the comments in pages, among comments of other people.
func (r *receiver) listComments(w http.ResponseWriter, q *http.Request) {
	all := make([]comment, 130)
	for i := range all {
		all[i] = comment{ID: int64(1000 + i), Body: "a comment of somebody else"}
	}
	all = append(all, r.comments...)
	page := 0
	fmt.Sscan(q.URL.Query().Get("page"), &page)
	from := min((page-1)*100, len(all))
	if err := json.NewEncoder(w).Encode(all[from:min(from+100, len(all))]); err != nil {
		r.t.Error(err)
	}
}

// takeComment enforces https://docs.github.com/rest/issues/comments#create-an-issue-comment.
func (r *receiver) takeComment(w http.ResponseWriter, q *http.Request) {
	var c comment
	if !decode(r.t, w, q, &c) {
		return
	}
	if c.Body == "" || len(c.Body) > 65536 {
		r.t.Errorf("GitHub takes no comment of %d characters", len(c.Body))
	}
	if q.Method == http.MethodPatch {
		fmt.Sscan(q.PathValue("id"), &c.ID)
		i := slices.IndexFunc(r.comments, func(old comment) bool { return old.ID == c.ID })
		if i < 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		r.comments[i] = c
		return
	}
	c.ID = int64(1 + len(r.comments))
	r.comments = append(r.comments, c)
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, `{"id": 1}`)
}

// notify runs the program with a result and returns its output.
func notify(t *testing.T, server string, r *plan.Result, env map[string]string, args ...string) (status int, output string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "result.json")
	if r != nil {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]string{
		"SLACK_WEBHOOK_URL": server + "/services/" + planted, "GITHUB_TOKEN": planted, "GITHUB_API_URL": server, "GITHUB_SERVER_URL": "https://github.com",
		"GITHUB_REPOSITORY": "owner/taskmaster", "GITHUB_SHA": commit, "GITHUB_RUN_ID": "42", "GITHUB_REF": "refs/heads/main",
	}
	for key, value := range env {
		all[key] = value
	}
	var out bytes.Buffer
	status = command(t.Context(), append([]string{"-result", file, "-retry", "1ms"}, args...), func(key string) string { return all[key] }, &out, &out)
	if strings.Contains(out.String(), planted) {
		t.Errorf("a secret is printed:\n%s", &out)
	}
	return status, out.String()
}

func deployed() *plan.Result {
	return &plan.Result{
		Command: "promote", Stack: "prod", URL: "https://tasks.example.com", Outcome: plan.Deployed, Seconds: 192.4,
		Release: plan.Deployment{Number: 7, Revision: commit, Images: map[string]string{
			"web": "ghcr.io/owner/taskmaster-web@sha256:22", "api": "ghcr.io/owner/taskmaster-api@sha256:11",
		}},
	}
}

func failed() *plan.Result {
	r := deployed()
	r.Before = &plan.Deployment{Number: 6}
	r.Outcome, r.Step, r.Reason, r.Output = plan.Restored, "smoke test of prod", "exit status 1 <!channel>", "output with "+planted
	return r
}

func TestNotifyAll(t *testing.T) {
	t.Parallel()
	broken, untested := failed(), deployed()
	broken.Outcome, untested.Release.Untested = plan.Broken, "nobody can log in"
	for name, c := range map[string]struct {
		result      *plan.Result
		slack       []string
		state, says string
	}{
		"success": {
			deployed(), []string{
				":white_check_mark: *prod runs 0123456789ab*", "Address: https://tasks.example.com", "Release: 7", "Duration: 3m12s",
				"ghcr.io/owner/taskmaster-api@sha256:11\nghcr.io/owner/taskmaster-web@sha256:22", "<https://github.com/owner/taskmaster/actions/runs/42|The run>",
			}, "success", "prod runs 0123456789ab",
		},
		"failure": {
			failed(), []string{
				":x: *promote prod failed with 0123456789ab*", "Failed step: smoke test of prod", "Reason: exit status 1 &lt;!channel&gt;",
				"State: prod was restored: release 6 runs again, and its smoke test passed", "Address: https://tasks.example.com", "Duration: 3m12s",
			}, "failure", "promote prod failed with 0123456789ab: smoke test of prod",
		},
		"broken": {broken, []string{"State: prod is BROKEN and needs attention: release 6 could not be restored"}, "failure", "promote prod failed with 0123456789ab: smoke test of prod"},
		"untested": {
			untested, []string{
				":white_check_mark: *prod runs 0123456789ab, which is UNTESTED*", "State: prod runs release 7, and its smoke test passed. UNTESTED: nobody can log in",
			}, "success", "prod runs 0123456789ab, which is UNTESTED",
		},
		"not started": {
			nil, []string{":x: *The pipeline ended before it published or deployed 0123456789ab*"}, "failure", "The pipeline ended before it published or deployed 0123456789ab",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, server := receive(t)
			if status, output := notify(t, server.URL, c.result, nil); status != 0 {
				t.Fatal(output)
			}
			if len(r.slack) != 1 || len(r.statuses) != 1 || len(r.comments) != 0 {
				t.Fatalf("received %+v, %+v and %+v", r.slack, r.statuses, r.comments)
			}
			text := r.slack[0].Blocks[0].Text.Text
			for _, want := range c.slack {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in:\n%s", want, text)
				}
			}
			if strings.Contains(text, planted) {
				t.Errorf("contains the output:\n%s", text)
			}
			want := status{State: c.state, TargetURL: "https://github.com/owner/taskmaster/actions/runs/42", Description: c.says, Context: "taskmaster"}
			if c.result != nil {
				want.Context += "/prod"
			}
			if r.statuses[0] != want {
				t.Errorf("status is %+v, want %+v", r.statuses[0], want)
			}
		})
	}
}

// TestSummary checks that the run's page in GitHub shows the versions, the digests, the address and the
// changes, and that the environment gets the address.
func TestSummary(t *testing.T) {
	t.Parallel()
	_, server := receive(t)
	result := deployed()
	const before = "89abcdef0123456789abcdef0123456789abcdef"
	result.Before = &plan.Deployment{Number: 6, Revision: before, Images: map[string]string{
		"web": "ghcr.io/owner/taskmaster-web@sha256:22", "api": "ghcr.io/owner/taskmaster-api@sha256:10",
	}}
	dir := t.TempDir()
	files := map[string]string{"GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"), "GITHUB_OUTPUT": filepath.Join(dir, "output")}
	if err := os.WriteFile(files["GITHUB_OUTPUT"], []byte("other=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, output := notify(t, server.URL, result, files); status != 0 {
		t.Fatal(output)
	}
	summary, err := os.ReadFile(files["GITHUB_STEP_SUMMARY"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"prod runs 0123456789ab", "- Address: <https://tasks.example.com>", "- Release: `7`", "- Release before: `6`", "- Changed: `api`\n",
		"- Commits: <https://github.com/owner/taskmaster/compare/" + before + "..." + commit + ">", "ghcr.io/owner/taskmaster-api@sha256:11\n",
	} {
		if !strings.Contains(string(summary), want) {
			t.Errorf("%q is missing in:\n%s", want, summary)
		}
	}
	outputs, err := os.ReadFile(files["GITHUB_OUTPUT"])
	if want := "other=1\nurl=https://tasks.example.com\n"; err != nil || string(outputs) != want {
		t.Errorf("outputs are %q, %v, want %q", outputs, err, want)
	}
}

// TestOneComment checks that repeated runs replace the comment of a pull request.
func TestOneComment(t *testing.T) {
	t.Parallel()
	r, server := receive(t)
	preview := filepath.Join(t.TempDir(), "preview.txt")
	pull := map[string]string{"GITHUB_REF": "refs/pull/12/merge", "SLACK_WEBHOOK_URL": ""}
	for _, found := range []string{"first", "second ``` of many lines:\n" + strings.Repeat("~ a resource changes\n", 10000)} {
		if err := os.WriteFile(preview, []byte(found), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, output := notify(t, server.URL, &plan.Result{Command: "preview", Seconds: 2}, pull, "-preview", preview); status != 0 {
			t.Fatal(output)
		}
	}
	if len(r.comments) != 1 {
		t.Fatalf("there are %d comments", len(r.comments))
	}
	for _, want := range []string{"preview succeeded with 0123456789ab", "````\nsecond ``` of many lines:", "(more in the log)", "</details>"} {
		if !strings.Contains(r.comments[0].Body, want) {
			t.Errorf("%q is missing in:\n%s", want, r.comments[0].Body)
		}
	}
	if len(r.slack)+len(r.statuses) != 0 {
		t.Errorf("also received %v and %v", r.slack, r.statuses)
	}
}

// TestWaiting checks that a waiting stack causes one message and no commit status.
func TestWaiting(t *testing.T) {
	t.Parallel()
	r, server := receive(t)
	if status, output := notify(t, server.URL, deployed(), nil, "-waiting", "prod"); status != 0 {
		t.Fatal(output)
	}
	if len(r.slack) != 1 || !strings.Contains(r.slack[0].Blocks[0].Text.Text, ":raised_hand: *prod waits for an approval of 0123456789ab*") || len(r.statuses) != 0 {
		t.Errorf("received %+v and %+v", r.slack, r.statuses)
	}
}

// TestRefusals checks that temporary failures are retried and others are not. A failure is
// reported, and the other receivers are still notified.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refuse []int
		asked  int // requests in all
		slack  int
		status int
		want   string
	}{
		"passing":  {[]int{503, 429}, 4, 1, 0, "notified Slack"},
		"lasting":  {[]int{500, 502, 503, 504}, 5, 0, 1, "NOT NOTIFIED: Slack: answered 504 Gateway Timeout"},
		"final":    {[]int{404}, 2, 0, 1, "NOT NOTIFIED: Slack: answered 404 Not Found"},
		"redirect": {[]int{302}, 2, 0, 1, "NOT NOTIFIED: Slack: answered 302 Found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, server := receive(t)
			r.refuse = c.refuse
			status, output := notify(t, server.URL, deployed(), nil)
			if status != c.status || !strings.Contains(output, c.want) || !strings.Contains(output, "notified the commit") {
				t.Errorf("status %d: %s", status, output)
			}
			if len(r.asked) != c.asked || len(r.slack) != c.slack || len(r.statuses) != 1 {
				t.Errorf("asked %v", r.asked)
			}
		})
	}
}

// TestUnreachable checks that the program gives up on an unreachable or silent server. The address
// is not printed.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	_, server := receive(t)
	const gone = "http://127.0.0.1:1" // no server listens there
	status, output := notify(t, server.URL, deployed(), map[string]string{"SLACK_WEBHOOK_URL": gone + "/services/" + planted})
	if status != 1 || !strings.Contains(output, "NOT NOTIFIED: Slack: dial tcp") || !strings.Contains(output, "notified the commit") {
		t.Errorf("status %d: %s", status, output)
	}
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer silent.Close()
	defer close(release)
	status, output = notify(t, silent.URL, deployed(), map[string]string{"GITHUB_TOKEN": ""}, "-timeout", "200ms")
	if status != 1 || !strings.Contains(output, "NOT NOTIFIED: Slack: context deadline exceeded") {
		t.Errorf("status %d: %s", status, output)
	}
}

func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	bad := map[string]string{"SLACK_WEBHOOK_URL": planted, "GITHUB_REPOSITORY": "", "GITHUB_REF": "refs/pull/x/merge"}
	status, output := notify(t, "", deployed(), bad)
	if status != 2 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{"SLACK_WEBHOOK_URL is not an address", "GITHUB_TOKEN needs GITHUB_REPOSITORY", "is not the ref of a pull request"} {
		if !strings.Contains(output, want) {
			t.Errorf("%q is missing in:\n%s", want, output)
		}
	}
	nobody := map[string]string{"SLACK_WEBHOOK_URL": "", "GITHUB_TOKEN": ""}
	if status, output := notify(t, "", deployed(), nobody); status != 0 || !strings.Contains(output, "no notification sent") {
		t.Errorf("status %d: %s", status, output)
	}
}
