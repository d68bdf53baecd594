// Command faults breaks the whole system in many ways while people change their tasks. The schedule
// of faults follows from a seed. Then the command checks package ledger's books, and prints PASS or
// every discrepancy:
//
//	go run ./tests/faults -broker kafka -seed 7 -events 100000
//
// -h lists the flags. The same seed gives the same faults of the same processes for the same times.
// It also determines the changes of the people, but not which of their requests meet a fault: that
// depends on the machine. -plan only prints the schedule.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// command returns the exit status: 0 if the books are right, 1 if they are not, 2 for wrong
// arguments.
func command(ctx context.Context, args []string) int {
	cfg, err := loadConfig(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		return 2
	}
	if cfg.plan > 0 {
		plan := newSchedule(cfg.seed, cfg.pace)
		for range cfg.plan {
			fmt.Println(plan.next())
		}
		return 0
	}
	pass, err := run(ctx, cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
	}
	if err != nil || !pass {
		return 1
	}
	return 0
}
