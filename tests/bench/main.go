// Command bench measures the whole system on this machine, from outside, and prints tables:
//
//	go run ./tests/bench [-users 100] [-seconds 15] [-only latency,load,fanout,reminders]
//
// It is load and users in one process beside the system, on the same processors, so that what it tells is the least that
// the system can do. The limits that protect from people who act as fast as programs are off.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"taskmaster/tests/system"
)

// bench is a running system and what has been measured of it.
type bench struct {
	*system.System
	observer *system.Observer
	webhooks *system.Webhooks

	users     int
	duration  time.Duration // of each load
	sockets   int
	reminders int
	out       table
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	b := &bench{}
	flags.IntVar(&b.users, "users", 100, "people who use the API at once")
	flags.IntVar(&b.sockets, "sockets", 1000, "sockets to fan out to")
	flags.IntVar(&b.reminders, "reminders", 1000, "reminders due at one second")
	seconds := flags.Int("seconds", 15, "length of each load")
	only := flags.String("only", "", "what to measure, separated by commas: latency, load, fanout, reminders; everything by default")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b.duration = time.Duration(*seconds) * time.Second

	dir, err := os.MkdirTemp("", "taskmaster-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println(machine())
	if err := b.start(ctx, filepath.Join(dir, "system")); err != nil {
		return err
	}
	defer b.stop()

	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"latency", b.latency}, {"load", b.load}, {"fanout", b.fanout}, {"reminders", b.remind},
	} {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), part.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s\n", part.name)
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w\n%s", part.name, err, b.Tail(30))
		}
	}
	if err := b.memory("after"); err != nil {
		return err
	}
	fmt.Print(b.out.String())
	return nil
}

// start measures how long the system takes to be ready, in an empty folder and then in one that it knows.
func (b *bench) start(ctx context.Context, dir string) error {
	b.webhooks = system.ReceiveWebhooks()
	if _, err := system.Supervisor(ctx); err != nil { // built before anything is measured
		return err
	}
	cfg := system.Config{Dir: dir, Env: map[string]string{
		"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8", "LOGIN_PER_MINUTE": "1000000", "SIGNUP_PER_MINUTE": "1000000",
		"RATE_PER_MINUTE": "0", "RATE_PER_MINUTE_USER": "0", "RATE_PER_MINUTE_ADDRESS": "0",
		"MAX_SOCKETS_PER_USER": fmt.Sprint(b.sockets + 10),
	}}
	var err error
	for _, what := range []string{"ready, in an empty folder", "ready, with data"} {
		if b.System != nil {
			if err := b.Stop(); err != nil {
				return err
			}
		}
		if b.System, err = system.Start(ctx, cfg); err != nil {
			return err
		}
		aim := ""
		if what == "ready, with data" {
			aim = "10 s"
		}
		b.out.add(what, aim, b.ReadyAfter)
	}
	if err := b.memory("at rest"); err != nil {
		return err
	}
	b.observer, err = b.Observe(ctx)
	return err
}

func (b *bench) stop() {
	if b.observer != nil {
		b.observer.Close()
	}
	if err := b.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	b.webhooks.Close()
}
