// Command tested finds the test results of the pushed commit. It runs in GitHub Actions:
//
//	tested           reports whether the commit has the files of a pull request whose checks passed
//	tested -run ID   writes the results of the suites in a run, for the attestation of the images
//
// In the first case the suites need not run again. It writes passed=true or passed=false, and the
// run=ID of the pull request, to the outputs of its step. If GitHub cannot be asked, the suites run.
// In the second case it fails unless all suites passed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"taskmaster/ci/plan"
	"taskmaster/internal/cli"
)

// checks is the workflow of pull requests, which runs the suites.
const checks = "pull-request.yml"

// askTimeout limits all requests.
const askTimeout = time.Minute

func main() {
	cli.Main(func(ctx context.Context) int { return command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr) })
}

// command returns the exit status, 1 if the results cannot be written or a suite did not pass.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	flags := flag.NewFlagSet("tested", flag.ContinueOnError)
	flags.SetOutput(errOut)
	run := flags.Int64("run", 0, "run of a workflow whose suites passed")
	to := flags.String("out", plan.TestsFile, "file for the results of the run")
	if err := cli.Parse(flags, args); err != nil {
		return cli.Status(errOut, "tested", err)
	}
	g := github{api: getenv("GITHUB_API_URL"), repository: getenv("GITHUB_REPOSITORY"), token: getenv("GITHUB_TOKEN")}
	if *run != 0 {
		source := getenv("GITHUB_SERVER_URL") + "/" + g.repository
		return cli.Status(errOut, "tested", g.record(ctx, *run, source, getenv("GITHUB_SHA"), *to))
	}
	passed, err := g.passed(ctx, getenv("GITHUB_SHA"))
	if err != nil {
		fmt.Fprintf(errOut, "tested: the suites run: %v\n", err)
	}
	fmt.Fprintf(out, "the files of this commit passed in a pull request: %t\n", passed != 0)
	file, err := os.OpenFile(getenv("GITHUB_OUTPUT"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintf(file, "passed=%t\n", passed != 0)
		if err == nil && passed != 0 {
			_, err = fmt.Fprintf(file, "run=%d\n", passed)
		}
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}
	return cli.Status(errOut, "tested", err)
}

// github asks GitHub's REST API about one repository.
type github struct{ api, repository, token string }

// passed returns the run in which the checks of a pull request passed for the files of the commit, or
// 0. The pull request must come from a branch of this repository: a fork can change its workflow.
func (g github) passed(ctx context.Context, commit string) (run int64, err error) {
	var pulls []struct {
		Head struct {
			SHA  string `json:"sha"`
			Repo struct {
				Name string `json:"full_name"`
			} `json:"repo"`
		} `json:"head"`
	}
	if err := g.get(ctx, "/commits/"+url.PathEscape(commit)+"/pulls", &pulls); err != nil {
		return 0, err
	}
	files, err := g.tree(ctx, commit)
	if err != nil {
		return 0, err
	}
	for _, pull := range pulls {
		if pull.Head.Repo.Name != g.repository {
			continue
		}
		// The checks ran on the merge of the branch. It had these files if the branch has them.
		if tested, err := g.tree(ctx, pull.Head.SHA); err != nil || tested != files {
			if err != nil {
				return 0, err
			}
			continue
		}
		var runs struct {
			Runs []struct {
				ID int64 `json:"id"`
			} `json:"workflow_runs"`
		}
		query := url.Values{"head_sha": {pull.Head.SHA}, "event": {"pull_request"}, "status": {"success"}}
		if err := g.get(ctx, "/actions/workflows/"+checks+"/runs?"+query.Encode(), &runs); err != nil {
			return 0, err
		}
		if len(runs.Runs) > 0 {
			return runs.Runs[0].ID, nil
		}
	}
	return 0, nil
}

// tree returns the id of a commit's files.
func (g github) tree(ctx context.Context, commit string) (string, error) {
	var answer struct {
		Tree struct {
			SHA string `json:"sha"`
		} `json:"tree"`
	}
	if err := g.get(ctx, "/git/commits/"+url.PathEscape(commit), &answer); err != nil {
		return "", err
	}
	if answer.Tree.SHA == "" {
		return "", fmt.Errorf("the commit %s has no tree", commit)
	}
	return answer.Tree.SHA, nil
}

func (g github) get(ctx context.Context, path string, into any) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(g.api, "/")+"/repos/"+g.repository+path, nil)
	if err != nil {
		return err
	}
	q.Header = http.Header{"Authorization": {"Bearer " + g.token}, "Accept": {"application/vnd.github+json"}, "X-GitHub-Api-Version": {"2022-11-28"}}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, r.Status)
	}
	const longest = 4 << 20
	if err := json.NewDecoder(io.LimitReader(r.Body, longest)).Decode(into); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}
