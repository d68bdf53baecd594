package main

import (
	"flag"
	"fmt"
	"net/url"
	"strings"
)

// tuning holds settings for third-party programs that are started here. Tests use it to shorten
// intervals.
type tuning struct {
	database  options // parameters of the database's URL
	broker    options // of Kafka's server.properties, or NATS's options
	scheduler options // flags of the scheduler
}

func (t *tuning) register(flags *flag.FlagSet) {
	flags.Var(&t.database, "database-options", "parameters for the database's URL, such as pool_max_conn_lifetime=20s,pool_max_conn_idle_time=5s")
	flags.Var(&t.broker, "broker-options", "settings for the broker that is started: lines of Kafka's server.properties, or ping_interval of nats")
	flags.Var(&t.scheduler, "scheduler-options", "flags for the Dapr scheduler, such as etcd-compaction-mode=periodic")
}

// options are names with values, in the order of the command line. As a flag they have the form
// NAME=VALUE, separated by commas.
type options []option

type option struct{ name, value string }

// String returns the options in the form of the flag.
func (o *options) String() string { return strings.Join(o.pairs(), ",") }

// Set adds the options of a flag.
func (o *options) Set(list string) error {
	for pair := range strings.SplitSeq(list, ",") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return fmt.Errorf("%q is not NAME=VALUE", pair)
		}
		*o = append(*o, option{name, value})
	}
	return nil
}

// pairs returns each option as NAME=VALUE.
func (o *options) pairs() []string {
	var pairs []string
	for _, option := range *o {
		pairs = append(pairs, option.name+"="+option.value)
	}
	return pairs
}

// inQuery returns the URL with the options in its query.
func (o *options) inQuery(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("add options to the database's URL: %w", err)
	}
	q := u.Query()
	for _, option := range *o {
		q.Set(option.name, option.value)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
