// Command notify tells people what a run of the pipeline came to:
//
//	notify -result .local/dist/result.json [-preview .local/dist/preview.txt] [-waiting prod]
//
// Slack is told everything (SLACK_WEBHOOK_URL). GitHub (GITHUB_TOKEN) gets a status of the commit, or, for a pull request, one
// comment that is written anew each time. Who is not configured is not told. With -waiting it tells Slack alone that the
// stack waits for somebody to approve it.
//
// It exits with 1 when somebody could not be told, after everybody was tried.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// command returns the exit status: 1 when somebody could not be told, 2 for arguments that are wrong.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(args, getenv, errOut)
	status := 2
	if err == nil {
		err = run(ctx, cfg, out)
		status = 1
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return status // the flag package has said it
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(errOut, "notify: NOT TOLD:", line)
	}
	return status
}

// run tells everybody who is configured.
func run(ctx context.Context, cfg config, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	var errs []error
	told := func(whom string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", whom, err))
			return
		}
		fmt.Fprintln(out, "told", whom)
	}
	m := cfg.message()
	if cfg.slack == "" && (cfg.token == "" || cfg.waiting != "") {
		fmt.Fprintln(out, "nobody is to be told: SLACK_WEBHOOK_URL and GITHUB_TOKEN are not set")
	}
	if cfg.slack != "" {
		told("Slack", cfg.tellSlack(ctx, m))
	}
	switch {
	case cfg.token == "", cfg.waiting != "":
	case cfg.pull > 0:
		told("the pull request", cfg.comment(ctx, m))
	default:
		told("the commit", cfg.setStatus(ctx, m))
	}
	return errors.Join(errs...)
}
