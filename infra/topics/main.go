// Command topics makes the topics that TaskMaster publishes to on Kafka or Redpanda, or brings them up to date:
//
//	topics -brokers host:port,... [-partitions 12] [-replication 3] [-retention 168h] [-timeout 30s]
//
// KAFKA_USERNAME and KAFKA_PASSWORD log in with SCRAM-SHA-512 over TLS; KAFKA_CA_FILE names the authority that signed the
// brokers' certificates, if it is none of the well-known. With none of the three it connects without TLS or a password.
//
// It can be run again at any time: it prints what it did, and never does what loses events or their order. That is
// refused, and said.
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)) //nolint:gocritic // ending the process stops it, too
}

// command does what the arguments say and returns the exit status: 2 when they are wrong. What was done goes to out, and
// what is wrong to errOut, a line each.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(args, getenv, errOut)
	status := 2
	if err == nil {
		err = run(ctx, cfg, out)
		status = 1
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return status // the flag package has said it
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(errOut, "topics:", line)
	}
	return status
}

// run makes the topics, within the configured time.
func run(ctx context.Context, cfg config, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	admin, err := connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer admin.Close()
	return ensure(ctx, admin, cfg, out)
}
