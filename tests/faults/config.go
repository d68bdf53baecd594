package main

import (
	"errors"
	"flag"
	"fmt"
	"time"

	"taskmaster/internal/cli"
)

// config is the command line.
type config struct {
	broker string
	seed   uint64
	events int
	faults int
	users  int
	think  time.Duration
	pace   float64
	plan   int
	log    string
}

func loadConfig(args []string) (config, error) {
	var c config
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	flags.StringVar(&c.broker, "broker", "nats", "broker of the events: nats, kafka, redis, rabbitmq")
	flags.Uint64Var(&c.seed, "seed", 1, "names the schedule of faults")
	flags.IntVar(&c.events, "events", 100_000, "least number of events to publish")
	flags.IntVar(&c.faults, "faults", everyFault(), "least number of faults; by default each kind for each victim")
	flags.IntVar(&c.users, "users", 50, "people who change their tasks at the same time")
	flags.DurationVar(&c.think, "think", 600*time.Millisecond, "average pause of each between changes")
	flags.Float64Var(&c.pace, "pace", 1, "factor for the lengths of faults and of the pauses between them")
	flags.IntVar(&c.plan, "plan", 0, "print so many faults of the schedule and exit")
	flags.StringVar(&c.log, "log", "", "file for the system's log (default a new one, and only when the books are wrong)")
	short := flags.Bool("short", false, "like -events 4000 -faults 7 -users 20 -think 200ms -pace 0.2: a minute or two with each kind of fault")
	if err := cli.Parse(flags, args); err != nil {
		return c, err
	}
	if *short {
		// The flags after -short override its values, so they are parsed once more.
		c.events, c.faults, c.users, c.think, c.pace = 4000, len(kinds), 20, 200*time.Millisecond, 0.2
		if err := cli.Parse(flags, args); err != nil {
			return c, err
		}
	}
	var errs []error
	if flags.NArg() > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q", flags.Arg(0)))
	}
	if c.events < 1 || c.faults < 0 || c.users < 1 || c.think < 0 || c.plan < 0 {
		errs = append(errs, errors.New("-events and -users are at least 1, and -faults, -think and -plan not negative"))
	}
	if c.pace <= 0 {
		errs = append(errs, errors.New("-pace is more than 0"))
	}
	return c, cli.Usage(errs...)
}

// environment allows notifications to the receiver on this machine. It removes the rate limits,
// because these people act faster than real ones.
func environment() map[string]string {
	env := map[string]string{"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8", "DELIVERIES_PER_HOUR": "0", "RATE_PER_MINUTE": "0", "QUOTA_BYTES": "0"}
	for _, name := range []string{"LOGIN_PER_MINUTE", "SIGNUP_PER_MINUTE"} {
		env[name] = "1000000"
	}
	for _, name := range []string{"RATE_PER_MINUTE_USER", "RATE_PER_MINUTE_ADDRESS"} {
		env[name] = "0"
	}
	return env
}

// brokerDir returns the folder of a broker's data inside the system's folder.
func (c config) brokerDir() string {
	if c.broker == "nats" {
		return "broker"
	}
	return c.broker
}
