// Command notify reports the result of a pipeline run:
//
//	notify -result .local/dist/result.json [-preview .local/dist/preview.txt] [-waiting prod]
//
// Slack (SLACK_WEBHOOK_URL) gets the full result. GitHub (GITHUB_TOKEN) gets a status of the
// commit. For a pull request it gets one comment instead, which each run replaces. A receiver that
// is not configured is skipped. In GitHub Actions the summary of the run gets the same, and the output
// url of the step the address of the stack. With -waiting only Slack is notified, that the stack waits for an
// approval.
//
// The exit status is 1 if a notification failed. A failed one does not stop the others.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"taskmaster/internal/cli"
)

func main() {
	cli.Main(func(ctx context.Context) int { return command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr) })
}

// command returns the exit status: 1 if a notification failed, 2 for invalid arguments.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(args, getenv, errOut)
	if err == nil {
		err = run(ctx, cfg, out)
	}
	return cli.Status(errOut, "notify: NOT NOTIFIED", err)
}

// run notifies all configured receivers.
func run(ctx context.Context, cfg config, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	var errs []error
	report := func(receiver string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", receiver, err))
			return
		}
		fmt.Fprintln(out, "notified", receiver)
	}
	m := cfg.message()
	if cfg.waiting == "" {
		errs = append(errs, cfg.writeRunner(m))
	}
	if cfg.slack == "" && (cfg.token == "" || cfg.waiting != "") {
		fmt.Fprintln(out, "no notification sent: SLACK_WEBHOOK_URL and GITHUB_TOKEN are not set")
	}
	if cfg.slack != "" {
		report("Slack", cfg.notifySlack(ctx, m))
	}
	switch {
	case cfg.token == "", cfg.waiting != "":
	case cfg.pull > 0:
		report("the pull request", cfg.comment(ctx, m))
	default:
		report("the commit", cfg.setStatus(ctx, m))
	}
	return errors.Join(errs...)
}
