// Command scan looks for known vulnerabilities in programs before they are published and applies a
// policy:
//
//	scan -govulncheck PROGRAM@VERSION -policy ci/scan/policy.yaml [-db https://vuln.go.dev] PROGRAM ...
//
// It reads the compiled programs, so that it sees exactly the linked code. It prints every finding
// with the policy's verdict. The exit status is 1 if the policy rejects one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"taskmaster/internal/cli"
)

// errRejected means that the policy rejects a finding. The finding has already been printed.
var errRejected = errors.New("the policy rejects vulnerabilities: update the modules, or allow them in the policy with a reason and a last day")

func main() {
	cli.Main(func(ctx context.Context) int { return command(ctx, os.Args[1:], time.Now(), os.Stdout, os.Stderr) })
}

// command returns the exit status: 0 if the policy accepts all programs, 1 if not, 2 for invalid
// arguments.
func command(ctx context.Context, args []string, now time.Time, out, errOut io.Writer) int {
	cfg, err := loadConfig(args, errOut)
	if err == nil {
		err = run(ctx, cfg, now, out, errOut)
	}
	return cli.Status(errOut, "scan", err)
}

// config holds the settings of one run.
type config struct {
	govulncheck string // package for go run
	db          string
	policy      policy
	timeout     time.Duration
	programs    []string
}

func loadConfig(args []string, w io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("scan", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.govulncheck, "govulncheck", "", "package of govulncheck, with its version")
	flags.StringVar(&c.db, "db", "https://vuln.go.dev", "vulnerability database")
	file := flags.String("policy", "", "policy file")
	flags.DurationVar(&c.timeout, "timeout", 10*time.Minute, "time limit of the whole run")
	if err := cli.Parse(flags, args); err != nil {
		return c, err
	}
	var errs []error
	if c.govulncheck == "" {
		errs = append(errs, errors.New("-govulncheck: name the package to run"))
	}
	var err error
	if c.policy, err = readPolicy(*file); err != nil {
		errs = append(errs, fmt.Errorf("-policy: %w", err))
	}
	if c.programs = flags.Args(); len(c.programs) == 0 {
		errs = append(errs, errors.New("name at least one program"))
	}
	return c, cli.Usage(errs...)
}

// run scans all programs, so that one run reports all findings.
func run(ctx context.Context, cfg config, now time.Time, out, errOut io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	rejected := false
	seen := map[string]bool{}
	for _, program := range cfg.programs {
		findings, err := scan(ctx, cfg, program, errOut)
		if err != nil {
			return fmt.Errorf("scan %s: %w", program, err)
		}
		for _, f := range findings {
			verdict := cfg.policy.judge(f, now)
			rejected = rejected || verdict.rejected
			for _, name := range f.names() {
				seen[name] = true
			}
			fmt.Fprintf(out, "%s: %s %s\n    %s\n    %s\n", program, f.id, f.summary, f.where(), verdict.why)
		}
		if len(findings) == 0 {
			fmt.Fprintf(out, "%s: no known vulnerabilities\n", program)
		}
	}
	for _, a := range cfg.policy.Allow {
		if !seen[a.ID] {
			fmt.Fprintf(out, "%s is allowed but found in no program: remove it from the policy\n", a.ID)
		}
	}
	if rejected {
		return errRejected
	}
	return nil
}
