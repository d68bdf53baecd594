// Command smoke tests an installation from outside, as a new user:
//
//	go run ./tests/smoke -url https://tasks.example.com
//	BROKER=kafka-plaintext KAFKA_BROKERS=host:9092 go run ./tests/smoke -start
//
// With -start it first starts an installation on this machine like "make run", on free ports and
// with data of its own. It signs up, creates a recurring task, receives it on an open page,
// completes it and waits for the next occurrence. That needs the database, the sidecars, the broker
// and every service but the notifier. It prints each step, and exits with status 1 at the first
// error. It leaves an account with an address of example.com and without tasks.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// command returns the exit status: 0 if all works, 1 if not, 2 for wrong arguments.
func command(ctx context.Context, args []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("smoke", flag.ContinueOnError)
	flags.SetOutput(errOut)
	at := flags.String("url", "", "public address of the installation")
	start := flags.Bool("start", false, "start an installation on this machine instead, and stop it afterwards")
	timeout := flags.Duration("timeout", 2*time.Minute, "time limit for all steps after the start")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *start {
		if *at != "" {
			fmt.Fprintf(errOut, "smoke: -url %s and -start: choose one\n", *at)
			return 2
		}
		return report(errOut, tryLocal(ctx, *timeout, out))
	}
	u, err := url.Parse(*at)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" {
		fmt.Fprintf(errOut, "smoke: -url: %q is not an address such as https://tasks.example.com\n", *at)
		return 2
	}
	return report(errOut, tryWithin(ctx, *timeout, u.Scheme+"://"+u.Host, out))
}

func report(errOut io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(errOut, "smoke:", err)
		return 1
	}
	return 0
}
