// Command local runs the whole system on this machine: PostgreSQL, the broker, the Dapr scheduler, and every service with
// a sidecar of its own. It needs Go and nothing else.
//
//	local         build what is missing, run until Ctrl-C
//	local build   build only, and fetch what the broker needs
//	local clean   forget what was kept, except backups
//	local backup FILE   write all data into a file, while it runs or not
//	local restore FILE  make an empty installation that of a backup
//
// Everything listens on 127.0.0.1. What is kept between runs is in one folder (-dir):
//
//	postgres/     the database          scheduler/   pending jobs
//	broker/       events              dapr/        what sidecars share: secrets, each other's addresses
//	backups/      made every day
//	secrets.json  generated tokens      system.json  processes, addresses and the database's URL, while it runs
//
// Programs are built into .local/bin of the repository, whatever -dir is.
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

func main() { os.Exit(commandUntilSignal(os.Args[1:])) }

// commandUntilSignal runs what the arguments say, until it ends or is told to stop.
func commandUntilSignal(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return command(ctx, args)
}

// command runs what the arguments say and returns the exit status.
func command(ctx context.Context, args []string) int {
	if len(args) > 0 && args[0] == natsCommand {
		return report(runNATS(ctx, args[1:], os.Getenv))
	}
	if len(args) > 0 && args[0] == rabbitCommand {
		return report(runRabbit(ctx, args[1:], os.Getenv))
	}
	cfg, err := loadConfig(args, os.Getenv, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		return 2
	}
	log := newConsole(os.Stdout)
	switch cfg.verb {
	case verbBuild:
		out := log.writer("local", "")
		return report(provideAll(ctx, cfg, out))
	case verbClean:
		return report(clean(cfg))
	case verbBackup:
		return report(saveBackup(ctx, cfg, os.Stdout))
	case verbRestore:
		return report(restoreBackup(ctx, cfg, os.Stdout))
	default:
		return report(run(ctx, cfg, log))
	}
}

// provideAll builds everything, whatever is installed, and fetches what the broker needs: tests and images want the pinned
// versions.
func provideAll(ctx context.Context, cfg config, log *lines) error {
	if err := build(ctx, cfg, []string{daprdProgram, schedulerProgram}, log, newStages()); err != nil {
		return err
	}
	return fetch(ctx, cfg, log)
}

// report says what went wrong, in one line, and returns the exit status. Being told to stop is no error.
func report(err error) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "local:", err)
	return 1
}
