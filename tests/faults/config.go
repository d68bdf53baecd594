package main

import (
	"errors"
	"flag"
	"fmt"
	"time"
)

// config is what the user asked for.
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
	flags.IntVar(&c.events, "events", 100_000, "events to publish at least")
	flags.IntVar(&c.faults, "faults", everyFault(), "faults to happen at least; by default each kind to each victim")
	flags.IntVar(&c.users, "users", 50, "people who change their tasks at once")
	flags.DurationVar(&c.think, "think", 600*time.Millisecond, "how long each rests between changes, on average")
	flags.Float64Var(&c.pace, "pace", 1, "what the lengths of faults and of the times between them are multiplied with")
	flags.IntVar(&c.plan, "plan", 0, "show that many faults of the schedule, and do nothing")
	flags.StringVar(&c.log, "log", "", "file for the system's log (default a new one, and only when the books are wrong)")
	short := flags.Bool("short", false, "like -events 4000 -faults 7 -users 20 -think 200ms -pace 0.2: a minute or two, in which each kind of fault happens")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if *short {
		// What else is given is given for a reason, so it is read once more.
		c.events, c.faults, c.users, c.think, c.pace = 4000, len(kinds), 20, 200*time.Millisecond, 0.2
		if err := flags.Parse(args); err != nil {
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
	return c, errors.Join(errs...)
}

// environment lets notifications reach the receiver on this machine and takes the limits off that protect from people who
// act as fast as these do.
func environment() map[string]string {
	env := map[string]string{"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8", "RATE_PER_MINUTE": "0"}
	for _, name := range []string{"LOGIN_PER_MINUTE", "SIGNUP_PER_MINUTE"} {
		env[name] = "1000000"
	}
	for _, name := range []string{"RATE_PER_MINUTE_USER", "RATE_PER_MINUTE_ADDRESS"} {
		env[name] = "0"
	}
	return env
}

// brokerDir is where the supervisor lets a broker keep its data, in the system's folder.
func (c config) brokerDir() string {
	if c.broker == "nats" {
		return "broker"
	}
	return c.broker
}
