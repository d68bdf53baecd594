// Command smoke tests an installation from outside, as a new user:
//
//	api users try | go run ./tests/smoke -url https://tasks.example.com -account -
//	go run ./tests/smoke -url https://tasks.example.com
//	BROKER=kafka-plaintext KAFKA_BROKERS=host:9092 go run ./tests/smoke -start
//
// With -start it first starts an installation on this machine like "make run", on free ports and
// with data of its own. It logs in to the account of -account, a file with the output of "api users
// try", or - for standard input. That account works whatever SIGNUP says. Without -account it signs
// up. It creates a recurring task, receives it on an open page, completes it and waits for the next
// occurrence. That needs the database, the sidecars, the broker and every service but the notifier.
// It prints each step, and exits with status 1 at the first error. It deletes its account.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"taskmaster/internal/cli"
)

func main() {
	cli.Main(func(ctx context.Context) int {
		return cli.Status(os.Stderr, "smoke", run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	})
}

// run reads the arguments and tries the installation.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) error {
	flags := flag.NewFlagSet("smoke", flag.ContinueOnError)
	flags.SetOutput(errOut)
	at := flags.String("url", "", "public address of the installation")
	start := flags.Bool("start", false, "start an installation on this machine instead, and stop it afterwards")
	file := flags.String("account", "", "file with the output of api users try, or - for standard input; without it the test signs up")
	timeout := flags.Duration("timeout", 2*time.Minute, "time limit for all steps after the start")
	if err := cli.Parse(flags, args); err != nil {
		return err
	}
	if *start {
		if *at != "" {
			return cli.Usage(fmt.Errorf("-url %s and -start: choose one", *at))
		}
		return tryLocal(ctx, *timeout, out)
	}
	u, err := url.Parse(*at)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" {
		return cli.Usage(fmt.Errorf("-url: %q is not an address such as https://tasks.example.com", *at))
	}
	given, err := readAccount(*file, in)
	if err != nil {
		return err
	}
	return tryWithin(ctx, *timeout, u.Scheme+"://"+u.Host, given, out)
}

// readAccount reads the account from a file, or from standard input for -.
func readAccount(file string, in io.Reader) (given account, err error) {
	if file == "" {
		return account{}, nil
	}
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return account{}, fmt.Errorf("read account: %w", err)
		}
		defer f.Close()
		in = f
	}
	if err := json.NewDecoder(in).Decode(&given); err != nil || (given.Email == "") != (given.Password == "") {
		return account{}, errors.New("-account: that is not the output of api users try")
	}
	return given, nil
}
