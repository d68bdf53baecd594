// Command scan looks for known vulnerabilities in programs that are about to be published, and holds them to a policy:
//
//	scan -govulncheck PROGRAM@VERSION -policy ci/scan/policy.yaml [-db https://vuln.go.dev] PROGRAM ...
//
// It reads the programs themselves, so that it sees what was linked and no more. It prints every finding and what the
// policy makes of it, and exits with 1 when one counts.
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
	"time"
)

// errCounts means that a program has what the policy does not accept; it has been printed.
var errCounts = errors.New("there are vulnerabilities that the policy does not accept: raise the modules, or allow them there with a reason and a last day")

// errUsage is an error of the command line that the flag package has printed.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:], time.Now(), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// command returns the exit status: 0 when the policy accepts all programs, 1 when not, 2 for arguments that are wrong.
func command(ctx context.Context, args []string, now time.Time, out, errOut io.Writer) int {
	cfg, err := loadConfig(args, errOut)
	status := 2
	if err == nil {
		err = run(ctx, cfg, now, out, errOut)
		status = 1
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return status
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(errOut, "scan:", line)
	}
	return status
}

// config is what the user asked for.
type config struct {
	govulncheck string // a program that go run takes
	db          string
	policy      policy
	timeout     time.Duration
	programs    []string
}

func loadConfig(args []string, w io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("scan", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.govulncheck, "govulncheck", "", "program to run, with its version")
	flags.StringVar(&c.db, "db", "https://vuln.go.dev", "database of vulnerabilities")
	file := flags.String("policy", "", "file with what is accepted")
	flags.DurationVar(&c.timeout, "timeout", 10*time.Minute, "how long all of it may take")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return c, err
	} else if err != nil {
		return c, errUsage
	}
	var errs []error
	if c.govulncheck == "" {
		errs = append(errs, errors.New("-govulncheck: say which to run"))
	}
	var err error
	if c.policy, err = readPolicy(*file); err != nil {
		errs = append(errs, fmt.Errorf("-policy: %w", err))
	}
	if c.programs = flags.Args(); len(c.programs) == 0 {
		errs = append(errs, errors.New("name at least one program"))
	}
	return c, errors.Join(errs...)
}

// run scans all programs, so that one run tells everything.
func run(ctx context.Context, cfg config, now time.Time, out, errOut io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	counts := false
	seen := map[string]bool{}
	for _, program := range cfg.programs {
		findings, err := scan(ctx, cfg, program, errOut)
		if err != nil {
			return fmt.Errorf("scan %s: %w", program, err)
		}
		for _, f := range findings {
			verdict := cfg.policy.judge(f, now)
			counts = counts || verdict.counts
			for _, name := range f.names() {
				seen[name] = true
			}
			fmt.Fprintf(out, "%s: %s %s\n    %s\n    %s\n", program, f.id, f.summary, f.where(), verdict.why)
		}
		if len(findings) == 0 {
			fmt.Fprintf(out, "%s: nothing known\n", program)
		}
	}
	for _, a := range cfg.policy.Allow {
		if !seen[a.ID] {
			fmt.Fprintf(out, "%s is allowed and in no program: take it out of the policy\n", a.ID)
		}
	}
	if counts {
		return errCounts
	}
	return nil
}
