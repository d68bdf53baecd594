// Command faults breaks the whole system in every way it knows, on a schedule drawn from a seed, while people change their
// tasks; then it checks the ledger of package ledger and says PASS, or every discrepancy:
//
//	go run ./tests/faults -broker kafka -seed 7 -events 100000
//
// Run with -h it lists its flags. A seed names a schedule: the same faults of the same processes for as long. What people do
// meanwhile is drawn from it as well, but which of their requests a fault meets is up to the machine. With -plan it shows
// the schedule alone.
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

// command returns the exit status: 0 when the books are right, 1 when not, 2 for arguments that are wrong.
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
