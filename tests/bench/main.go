// Command bench measures the whole system on this machine, from outside, and prints tables:
//
//	go run ./tests/bench [-broker kafka] [-users 100] [-seconds 15] [-rate 1000] [-for 10m] [-backlog 100000]
//	[-only latency,occurrence,load,fanout,reminders,cost,volume,held,drain,peers] [-check]
//
// With -check it measures only the goals of the specification, in some minutes. It ends with status 1
// if a goal is missed, and names it.
//
// One process creates the load and acts as the users, on the same processors as the system. So the
// results are lower limits. The rate limits are off, because these people act as fast as programs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"taskmaster/tests/goals"
	"taskmaster/tests/system"
)

// bench is a running system with its measurements.
type bench struct {
	*system.System
	observer *system.Observer
	webhooks *system.Webhooks

	users     int
	duration  time.Duration // of each load
	sockets   int
	reminders int

	broker    string
	crowd     int // users of the scene
	rate      float64
	volumeFor time.Duration
	backlog   int
	topics    []string
	movers    []string
	scene     *scene
	nodePrice float64
	// sizes are the numbers of people in the tables of cost.
	sizes []int

	out   table
	goals goals.Result
}

// Checks are shorter than a measurement to publish: checked are their parts, and checkBacklog is the
// number of their waiting events.
const checkBacklog = 20_000

var checked = []string{"latency", "occurrence", "load", "fanout", "reminders", "drain"}

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
	flags.IntVar(&b.users, "users", 100, "people who use the API at the same time")
	flags.IntVar(&b.sockets, "sockets", 1000, "sockets to fan out to")
	flags.IntVar(&b.reminders, "reminders", 1000, "reminders due in the same second")
	seconds := flags.Int("seconds", 15, "length of each load")
	flags.StringVar(&b.broker, "broker", "", "broker of the events; default: the variable BROKER, or the default of cmd/local")
	flags.IntVar(&b.crowd, "crowd", 500, "users for volume, held, drain and peers")
	flags.Float64Var(&b.rate, "rate", 1000, "events a second of volume and held")
	flags.DurationVar(&b.volumeFor, "for", 10*time.Minute, "length of volume and of held")
	flags.IntVar(&b.backlog, "backlog", 100_000, "waiting events at the beginning of drain and peers")
	topics := flags.String("topics", "task-events,task-updates", "topics that are measured up to a subscriber, separated by commas")
	movers := flags.String("movers", "relay,river,watermill", "libraries that peers compares, separated by commas")
	flags.Float64Var(&b.nodePrice, "node-price", 0, "price of a node with 4 processors and 16 GiB, for the forecast of cost")
	people := flags.String("people", "100,1000,10000,100000,1000000", "numbers of people in the tables of cost")
	only := flags.String("only", "", "what to measure, separated by commas: latency, occurrence, load, fanout, reminders, cost, volume, held, drain, peers; default all")
	check := flags.Bool("check", false, "measure only the goals of the specification, with a small backlog, and fail if one is missed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *check {
		if *only != "" {
			return errors.New("-check measures every goal, so -only cannot be set with it")
		}
		*only, b.backlog = strings.Join(checked, ","), min(b.backlog, checkBacklog)
	}
	for number := range strings.SplitSeq(*people, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil || n < 1 {
			return fmt.Errorf("-people: %q is not a number of people, such as 100,5000", number)
		}
		b.sizes = append(b.sizes, n)
	}
	b.duration = time.Duration(*seconds) * time.Second
	b.topics, b.movers = strings.Split(*topics, ","), strings.Split(*movers, ",")
	if b.crowd <= watchers {
		return fmt.Errorf("-crowd: %d users have the page open, so the crowd has to be larger", watchers)
	}

	dir, err := os.MkdirTemp("", "taskmaster-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println(machine())
	wanted := func(part string) bool { return *only == "" || slices.Contains(strings.Split(*only, ","), part) }
	err = b.measure(ctx, dir, wanted)
	fmt.Print(b.out.String()) // measurements before an error are printed too, because they took time
	if err != nil || !*check {
		return err
	}
	report, err := b.goals.Check()
	fmt.Print(report)
	return err
}

// part is one measurement.
type part struct {
	name    string
	measure func(context.Context) error
}

func (b *bench) measure(ctx context.Context, dir string, wanted func(part string) bool) error {
	parts := slices.DeleteFunc([]part{
		{"latency", b.latency}, {"occurrence", b.occurrence}, {"load", b.load}, {"fanout", b.fanout}, {"reminders", b.remind}, {"cost", b.cost},
		{"volume", b.volume}, {"held", b.held}, {"drain", b.drain},
	}, func(p part) bool { return !wanted(p.name) })
	if len(parts) > 0 {
		if err := b.whole(ctx, filepath.Join(dir, "system"), parts); err != nil {
			return err
		}
	}
	if !wanted("peers") {
		return nil
	}
	return b.peers(ctx, filepath.Join(dir, "peers"))
}

// whole measures the whole system.
func (b *bench) whole(ctx context.Context, dir string, parts []part) error {
	defer b.stop()
	if err := b.start(ctx, dir); err != nil {
		return err
	}
	for _, part := range parts {
		fmt.Fprintf(os.Stderr, "measuring %s\n", part.name)
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w\n%s", part.name, err, b.Tail(30))
		}
	}
	return b.memory("after")
}

// start measures the time until the system is ready, first in an empty folder and then with its
// data.
func (b *bench) start(ctx context.Context, dir string) error {
	b.webhooks = system.ReceiveWebhooks()
	if _, err := system.Supervisor(ctx); err != nil { // builds before the measurement
		return err
	}
	cfg := system.Config{Dir: dir, Broker: b.broker, Env: map[string]string{
		"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8", "DELIVERIES_PER_HOUR": "0", "LOGIN_PER_MINUTE": "1000000", "SIGNUP_PER_MINUTE": "1000000",
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
	if b.scene != nil {
		b.scene.close()
		b.scene = nil
	}
	if b.System != nil {
		if err := b.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
	b.webhooks.Close()
}
