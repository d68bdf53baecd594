package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"taskmaster/ci/plan"
	"taskmaster/internal/cli"
)

// config holds the settings of one run, including the GitHub Actions variables of the job.
type config struct {
	result  plan.Result
	started bool // there is a result
	preview string
	waiting string // stack that waits for an approval
	timeout time.Duration
	first   time.Duration // wait before the first retry

	slack, token          string
	api, repository, page string // page is the address of the run's page
	server                string
	// summary and outputs are files that GitHub's runner reads after the step.
	summary, outputs string
	revision         string
	pull             int // number of the pull request
}

// loadConfig reads the command line, the environment and the files. It reports all problems at
// once.
func loadConfig(args []string, getenv func(string) string, w io.Writer) (config, error) {
	c := config{slack: getenv("SLACK_WEBHOOK_URL"), token: getenv("GITHUB_TOKEN"), repository: getenv("GITHUB_REPOSITORY"), revision: getenv("GITHUB_SHA")}
	c.server, c.summary, c.outputs = getenv("GITHUB_SERVER_URL"), getenv("GITHUB_STEP_SUMMARY"), getenv("GITHUB_OUTPUT")
	flags := flag.NewFlagSet("notify", flag.ContinueOnError)
	flags.SetOutput(w)
	from := flags.String("result", "", "file with the result of the run")
	preview := flags.String("preview", "", "file with the output of a preview")
	flags.StringVar(&c.waiting, "waiting", "", "stack that waits for an approval")
	flags.DurationVar(&c.timeout, "timeout", 2*time.Minute, "time limit of the whole run")
	flags.DurationVar(&c.first, "retry", time.Second, "wait before the first retry, doubled each time")
	if err := cli.Parse(flags, args); err != nil {
		return c, err
	}

	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(c.slack); err != nil || c.slack != "" && (u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		// Anyone who knows the address can post. Therefore it is not printed.
		problem("SLACK_WEBHOOK_URL is not an address such as https://hooks.slack.com/services/...")
	}
	c.api = strings.TrimSuffix(getenv("GITHUB_API_URL"), "/")
	if c.api == "" {
		c.api = "https://api.github.com"
	}
	if c.token != "" && c.waiting == "" && (c.repository == "" || c.revision == "") {
		problem("GITHUB_TOKEN needs GITHUB_REPOSITORY (OWNER/NAME) and GITHUB_SHA")
	}
	if run := getenv("GITHUB_RUN_ID"); c.server != "" && run != "" {
		c.page = c.server + "/" + c.repository + "/actions/runs/" + run
	}
	// The workflow of a pull request runs on refs/pull/NUMBER/merge.
	if number, ok := strings.CutPrefix(getenv("GITHUB_REF"), "refs/pull/"); ok {
		number, _, _ = strings.Cut(number, "/")
		var err error
		if c.pull, err = strconv.Atoi(number); err != nil {
			problem("GITHUB_REF: %q is not the ref of a pull request", getenv("GITHUB_REF"))
		}
	}
	raw, err := os.ReadFile(*from)
	if err == nil {
		err = json.Unmarshal(raw, &c.result)
	}
	// Without a result, the run ended before it started. That is reported too.
	if c.started = err == nil; !c.started && !errors.Is(err, fs.ErrNotExist) {
		problem("-result: %w", err)
	}
	if text, err := os.ReadFile(*preview); err == nil {
		c.preview = strings.TrimSpace(string(text))
	} else if *preview != "" && !errors.Is(err, fs.ErrNotExist) {
		problem("-preview: %w", err)
	}
	return c, cli.Usage(errs...)
}
