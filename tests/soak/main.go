// Command soak runs the whole system for a given time under light, real use. Then it checks package
// ledger's books:
//
//	go run ./tests/soak -broker nats -for 130m
//	go run ./tests/soak -broker kafka -for 3m -short
//
// People change tasks, are reminded, read pages and keep pages open. No fault is caused. The soak
// fails when
//
//   - a process ends or is replaced,
//   - a page or a change is refused,
//   - the ledger has a discrepancy.
//
// It finds faults of timers, such as a lease that is not renewed. With -short, adjustable intervals
// last seconds, so that each passes many times within minutes. docs/timers.md lists all timers. Its
// column "short soak" shows the intervals that -short sets.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"taskmaster/internal/cli"
)

// config is the command line.
type config struct {
	broker   string
	duration time.Duration
	people   int
	think    time.Duration
	short    bool
	log      string
}

func main() {
	cli.Main(func(ctx context.Context) int { return command(ctx, os.Args[1:]) })
}

// command returns the exit status: 0 after a clean soak, 1 after a failed soak, 2 for wrong
// arguments.
func command(ctx context.Context, args []string) int {
	cfg, err := loadConfig(args)
	if err != nil {
		return cli.Status(os.Stderr, "soak", err)
	}
	clean, err := run(ctx, cfg)
	if err == nil && !clean {
		return 1 // the discrepancies are printed
	}
	return cli.Status(os.Stderr, "soak", err)
}

func loadConfig(args []string) (config, error) {
	var c config
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.StringVar(&c.broker, "broker", "nats", "broker of the events: nats, kafka, redis, rabbitmq")
	flags.DurationVar(&c.duration, "for", 130*time.Minute, "length of the soak")
	flags.IntVar(&c.people, "people", 6, "people who use the system")
	flags.DurationVar(&c.think, "think", 5*time.Second, "average pause of each between changes")
	flags.BoolVar(&c.short, "short", false, "set every adjustable interval to seconds")
	flags.StringVar(&c.log, "log", "", "file for the system's log (default a new one, only when the soak fails)")
	if err := cli.Parse(flags, args); err != nil {
		return c, err
	}
	var errs []error
	if flags.NArg() > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	}
	if c.duration <= 0 || c.people < 1 || c.think <= 0 {
		errs = append(errs, errors.New("-for and -think are longer than 0, and -people is at least 1"))
	}
	return c, cli.Usage(errs...)
}
