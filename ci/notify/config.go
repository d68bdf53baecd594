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
)

// config is what the user asked for, and what GitHub Actions told about the job.
type config struct {
	result  plan.Result
	begun   bool // there is a result
	preview string
	waiting string // stack
	timeout time.Duration
	first   time.Duration // wait before the first retry

	slack, token          string
	api, repository, page string // page is that of the run
	revision              string
	pull                  int // number of the pull request
}

// errUsage is an error of the command line that the flag package has printed.
var errUsage = errors.New("usage")

// loadConfig reads the command line, the environment and the files, and reports every mistake at once.
func loadConfig(args []string, getenv func(string) string, w io.Writer) (config, error) {
	c := config{slack: getenv("SLACK_WEBHOOK_URL"), token: getenv("GITHUB_TOKEN"), repository: getenv("GITHUB_REPOSITORY"), revision: getenv("GITHUB_SHA")}
	flags := flag.NewFlagSet("notify", flag.ContinueOnError)
	flags.SetOutput(w)
	from := flags.String("result", "", "file with what the run came to")
	preview := flags.String("preview", "", "file with what a preview found")
	flags.StringVar(&c.waiting, "waiting", "", "stack that waits for an approval")
	flags.DurationVar(&c.timeout, "timeout", 2*time.Minute, "how long all of it may take")
	flags.DurationVar(&c.first, "retry", time.Second, "how long to wait before trying again, twice as long each time")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return c, err
	} else if err != nil {
		return c, errUsage
	}

	var errs []error
	mistake := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(c.slack); err != nil || c.slack != "" && (u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		// Whoever knows the address may write: not a word of it.
		mistake("SLACK_WEBHOOK_URL is not an address such as https://hooks.slack.com/services/...")
	}
	c.api = strings.TrimSuffix(getenv("GITHUB_API_URL"), "/")
	if c.api == "" {
		c.api = "https://api.github.com"
	}
	if c.token != "" && c.waiting == "" && (c.repository == "" || c.revision == "") {
		mistake("GITHUB_TOKEN needs GITHUB_REPOSITORY (OWNER/NAME) and GITHUB_SHA beside it")
	}
	if server, run := getenv("GITHUB_SERVER_URL"), getenv("GITHUB_RUN_ID"); server != "" && run != "" {
		c.page = server + "/" + c.repository + "/actions/runs/" + run
	}
	// The workflow of a pull request runs on refs/pull/NUMBER/merge.
	if number, ok := strings.CutPrefix(getenv("GITHUB_REF"), "refs/pull/"); ok {
		number, _, _ = strings.Cut(number, "/")
		var err error
		if c.pull, err = strconv.Atoi(number); err != nil {
			mistake("GITHUB_REF: %q is not a pull request's", getenv("GITHUB_REF"))
		}
	}
	kept, err := os.ReadFile(*from)
	if err == nil {
		err = json.Unmarshal(kept, &c.result)
	}
	// Without a result the run ended before it began, which is told.
	if c.begun = err == nil; !c.begun && !errors.Is(err, fs.ErrNotExist) {
		mistake("-result: %w", err)
	}
	if found, err := os.ReadFile(*preview); err == nil {
		c.preview = strings.TrimSpace(string(found))
	} else if *preview != "" && !errors.Is(err, fs.ErrNotExist) {
		mistake("-preview: %w", err)
	}
	return c, errors.Join(errs...)
}
