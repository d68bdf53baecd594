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
	"fmt"
	"os"

	"taskmaster/internal/cli"
)

func main() {
	cli.Main(func(ctx context.Context) int { return command(ctx, os.Args[1:]) })
}

// command returns the exit status: 0 if the books are right, 1 if they are not, 2 for wrong
// arguments.
func command(ctx context.Context, args []string) int {
	cfg, err := loadConfig(args)
	if err != nil {
		return cli.Status(os.Stderr, "faults", err)
	}
	if cfg.plan > 0 {
		plan := newSchedule(cfg.seed, cfg.pace)
		for range cfg.plan {
			fmt.Println(plan.next())
		}
		return 0
	}
	pass, err := run(ctx, cfg)
	if err == nil && !pass {
		return 1 // the discrepancies are printed
	}
	return cli.Status(os.Stderr, "faults", err)
}
