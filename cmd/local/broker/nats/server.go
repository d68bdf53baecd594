package nats

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	// maxStore is the store's limit in bytes. It is larger than any disk here: only a full disk limits
	// the store.
	maxStore = 1 << 50
	// diskRetry is the pause before the server is started again after its disk failed.
	diskRetry = 2 * time.Second
)

// Serve serves NATS JetStream until ctx is cancelled. args are flags, the folder of the data and the
// port. The server logs to out.
func Serve(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
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
		err := serveOnce(ctx, out, &server.Options{
			ServerName:    "taskmaster",
			Host:          "127.0.0.1",
			Port:          port,
			Authorization: getenv(tokenEnv),
			JetStream:     true,
			StoreDir:      args[0],
			// The default is a share of the free space at the start. A server that started while the disk
			// was full would refuse everything for good.
			JetStreamMaxStore: maxStore,
			SyncAlways:        true, // otherwise an acknowledged event can be lost with the machine
			NoSigs:            true,
			PingInterval:      *pingInterval,
		})
		if err != nil || ctx.Err() != nil {
			return err
		}
		fmt.Fprintln(out, "warning: the disk failed; starting the broker again")
		select {
		case <-time.After(diskRetry):
		case <-ctx.Done():
		}
	}
}

// serveOnce serves until ctx is cancelled, or the server has to be started again.
func serveOnce(ctx context.Context, out io.Writer, options *server.Options) error {
	srv, err := server.NewServer(options)
	if err != nil {
		return fmt.Errorf("configure broker: %w", err)
	}
	log := serverLog{out: out, failed: make(chan struct{}, 1)}
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

// serverLog writes warnings and errors. It also detects a server that has to be started again. A
// stream that could not be written once, because the disk was full, refuses all events from then on,
// even if there is space again. The server reports that only in its log.
type serverLog struct {
	out    io.Writer
	failed chan struct{}
}

// Noticef drops the message.
func (serverLog) Noticef(string, ...any) {}

// Debugf drops the message.
func (serverLog) Debugf(string, ...any) {}

// Tracef drops the message.
func (serverLog) Tracef(string, ...any) {}

// Warnf writes a warning.
func (l serverLog) Warnf(format string, v ...any) {
	fmt.Fprintln(l.out, "warning: "+fmt.Sprintf(format, v...))
}

// Errorf writes an error. A critical write error is the one that lasts.
func (l serverLog) Errorf(format string, v ...any) {
	fmt.Fprintln(l.out, "error: "+fmt.Sprintf(format, v...))
	if strings.Contains(format, "Critical write error") {
		l.fail()
	}
}

// Fatalf writes the error of a server that could not start completely.
func (l serverLog) Fatalf(format string, v ...any) {
	fmt.Fprintln(l.out, "fatal: "+fmt.Sprintf(format, v...))
	l.fail()
}

func (l serverLog) fail() {
	select {
	case l.failed <- struct{}{}:
	default: // the failure is noted already
	}
}
