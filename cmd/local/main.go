// Command local runs the whole system on this machine: PostgreSQL, a broker, the Dapr scheduler, and
// every service with a sidecar. It needs nothing but Go.
//
//	local               build missing programs, run until Ctrl-C
//	local build         only build, and fetch the broker's programs
//	local clean         delete all kept data except backups
//	local backup FILE   write all data into a file, while the system runs or not
//	local restore FILE  fill an empty installation from a backup
//	local api COMMAND   run a command of api, such as events tail, on the installation's database
//
// Everything listens on 127.0.0.1. One folder (-dir) holds the data that is kept between runs:
//
//	postgres/     the database          scheduler/   pending jobs
//	broker/       events                dapr/        shared by sidecars: secrets and addresses
//	backups/      made every day
//	secrets.json  generated tokens      system.json  processes, addresses and the database's URL, while it runs
//
// Programs are built into .local/bin of the repository, for every -dir.
//
// The package itself decides what to run: flags (config.go), services (catalogue.go), ports
// (ports.go), command lines (plan.go) and environments (env.go). system.go and start.go run it all.
// Packages below it have the parts: broker, build, component, console, lock and supervise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"taskmaster/cmd/local/broker/nats"
	"taskmaster/cmd/local/broker/rabbitmq"
	"taskmaster/cmd/local/build"
	"taskmaster/cmd/local/console"
)

func main() { os.Exit(executeUntilSignal(os.Args[1:])) }

// executeUntilSignal executes the command line until it ends or a signal cancels it. It returns the
// exit status.
func executeUntilSignal(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return execute(ctx, args)
}

// execute executes the command line and returns the exit status.
func execute(ctx context.Context, args []string) int {
	if len(args) > 0 {
		switch args[0] {
		case nats.Command:
			return exitStatus(nats.Serve(ctx, args[1:], os.Getenv, os.Stdout))
		case rabbitmq.Command:
			return exitStatus(rabbitmq.Run(ctx, args[1:], os.Getenv))
		}
	}
	cfg, err := loadConfig(args, os.Getenv, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		return 2
	}
	out := console.ForFile(os.Stdout, len("scheduler"))
	switch cfg.command {
	case commandBuild:
		return exitStatus(buildAll(ctx, cfg, out.Lines("local", nil)))
	case commandClean:
		return exitStatus(clean(cfg))
	case commandBackup:
		return exitStatus(saveBackup(ctx, cfg, os.Stdout))
	case commandRestore:
		return exitStatus(restoreBackup(ctx, cfg, os.Stdout))
	case commandAPI:
		return operate(ctx, cfg, os.Stdout, os.Stderr)
	default:
		return exitStatus(run(ctx, cfg, out))
	}
}

// buildAll builds all programs and fetches those of the broker. It ignores installed programs of
// Dapr: tests and images need the pinned versions.
func buildAll(ctx context.Context, cfg config, log *console.Lines) error {
	builder := build.New(cfg.root, log, newStages().begin)
	if cfg.dapr != "" {
		return builder.BuildDaprVersion(ctx, cfg.dapr)
	}
	if err := builder.Build(ctx, cfg.services, []string{build.Daprd, build.Scheduler}); err != nil {
		return err
	}
	return cfg.broker.fetch(ctx, cfg, log)
}

// exitStatus prints an error in one line and returns the exit status. A cancelled context is no
// error.
func exitStatus(err error) int {
	if err == nil || errors.Is(err, context.Canceled) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "local:", err)
	return 1
}
