package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// maxStore is more than any disk here has: when that is full, is for the disk to say.
const maxStore = 1 << 50

// diskRetry is how long after its disk failed the broker is started again.
const diskRetry = 2 * time.Second

// runNATS serves NATS JetStream until the context ends. args are flags, the folder of its data and its port.
func runNATS(ctx context.Context, args []string, getenv func(string) string) error {
	flags := flag.NewFlagSet("local nats", flag.ContinueOnError)
	pingInterval := flags.Duration("ping_interval", server.DEFAULT_PING_INTERVAL, "how often a silent connection is checked")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if args = flags.Args(); len(args) != 2 {
		return errors.New("usage: local nats [flags] DIR PORT")
	}
	port, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("port: %w", err)
	}
	for {
		err := serveNATS(ctx, &server.Options{
			ServerName:    "taskmaster",
			Host:          "127.0.0.1",
			Port:          port,
			Authorization: getenv(natsTokenEnv),
			JetStream:     true,
			StoreDir:      args[0],
			// Otherwise it is a share of what is free at the start; a server that started while the disk was full would refuse
			// everything for good.
			JetStreamMaxStore: maxStore,
			SyncAlways:        true, // else an acknowledged event can be lost with the machine
			NoSigs:            true,
			PingInterval:      *pingInterval,
		})
		if err != nil || ctx.Err() != nil {
			return err
		}
		fmt.Println("warning: the disk failed; starting the broker again")
		select {
		case <-time.After(diskRetry):
		case <-ctx.Done():
		}
	}
}

// serveNATS serves until the context ends, or the server has to be started again.
func serveNATS(ctx context.Context, options *server.Options) error {
	srv, err := server.NewServer(options)
	if err != nil {
		return fmt.Errorf("configure broker: %w", err)
	}
	log := natsLog{failed: make(chan struct{}, 1)}
	srv.SetLoggerV2(log, false, false, false)
	srv.Start()
	select {
	case <-ctx.Done():
	case <-log.failed:
	}
	srv.Shutdown()
	srv.WaitForShutdown()
	return nil
}

// natsLog passes on what a person should know. It also finds out that the server is of no use any more: a stream that
// could not be written once, because the disk was full, refuses everything from then on, whatever room there is, and the
// server tells that nowhere else.
type natsLog struct{ failed chan struct{} }

func (natsLog) Noticef(string, ...any)        {}
func (natsLog) Debugf(string, ...any)         {}
func (natsLog) Tracef(string, ...any)         {}
func (natsLog) Warnf(format string, v ...any) { fmt.Println("warning: " + fmt.Sprintf(format, v...)) }

// Errorf looks for the one error that lasts.
func (l natsLog) Errorf(format string, v ...any) {
	fmt.Println("error: " + fmt.Sprintf(format, v...))
	if strings.Contains(format, "Critical write error") {
		l.fail()
	}
}

// Fatalf is told of a server that could not start all of itself.
func (l natsLog) Fatalf(format string, v ...any) {
	fmt.Println("fatal: " + fmt.Sprintf(format, v...))
	l.fail()
}

func (l natsLog) fail() {
	select {
	case l.failed <- struct{}{}:
	default: // it is known
	}
}
