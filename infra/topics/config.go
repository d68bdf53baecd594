package main

import (
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"time"
)

const (
	// A broker appends to each partition by itself, and one that syncs every append pays for each: with 12 on one broker
	// events come half as late again as with 4.
	partitionsPerBroker = 4
	defaultPartitions   = 12 // or fewer where there are few brokers
	defaultReplication  = 3  // or as many as there are brokers
	minRetention        = 7 * 24 * time.Hour
)

// config is what the user asked for.
type config struct {
	brokers            []string
	partitions         int // 0: by the number of brokers for a new topic, and what a topic has
	replication        int // 0: defaultReplication for a new topic, and what a topic has
	retention, timeout time.Duration
	username, password string
	tls                bool
	authorities        *x509.CertPool // nil: the well-known
}

// errUsage is an error of the command line that the flag package has printed.
var errUsage = errors.New("usage")

// loadConfig reads the command line and the environment, and reports every mistake at once.
func loadConfig(args []string, getenv func(string) string, w io.Writer) (config, error) {
	c := config{username: getenv("KAFKA_USERNAME"), password: getenv("KAFKA_PASSWORD")}
	flags := flag.NewFlagSet("topics", flag.ContinueOnError)
	flags.SetOutput(w)
	brokers := flags.String("brokers", "", "addresses to begin with: host:port,...")
	flags.IntVar(&c.partitions, "partitions", 0,
		"partitions of each topic; a topic's number never changes (default 4 per broker for a new topic, 12 at most)")
	flags.IntVar(&c.replication, "replication", 0, "copies of each event (default 3 for a new topic, or one per broker)")
	flags.DurationVar(&c.retention, "retention", minRetention, "how long events are kept, 168h or more")
	flags.DurationVar(&c.timeout, "timeout", 30*time.Second, "how long all of it may take")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return c, err
	} else if err != nil {
		return c, errUsage
	}

	var errs []error
	mistake := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if flags.NArg() > 0 {
		mistake("unexpected argument %q", flags.Arg(0))
	}
	for address := range strings.SplitSeq(*brokers, ",") {
		address = strings.TrimSpace(address)
		if _, _, err := net.SplitHostPort(address); err != nil {
			mistake("-brokers: %q is not host:port", address)
		}
		c.brokers = append(c.brokers, address)
	}
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	if set["partitions"] && (c.partitions < 1 || c.partitions > math.MaxInt32) {
		mistake("-partitions: %d is not a number of partitions", c.partitions)
	}
	if set["replication"] && (c.replication < 1 || c.replication > math.MaxInt16) {
		mistake("-replication: %d is not a number of copies", c.replication)
	}
	if c.retention < minRetention {
		mistake("-retention: %v is less than %v, in which stored events can be wanted again", c.retention, minRetention)
	}
	if c.timeout <= 0 {
		mistake("-timeout: %v is no time to do anything", c.timeout)
	}
	if (c.username == "") != (c.password == "") {
		mistake("KAFKA_USERNAME and KAFKA_PASSWORD go together, and one of them is not set")
	}
	file := getenv("KAFKA_CA_FILE")
	c.tls = c.username != "" || file != ""
	if file != "" {
		pem, err := os.ReadFile(file) //nolint:gosec // the user says which
		c.authorities = x509.NewCertPool()
		if err != nil {
			mistake("KAFKA_CA_FILE: %w", err)
		} else if !c.authorities.AppendCertsFromPEM(pem) {
			mistake("KAFKA_CA_FILE: %s holds no certificate in PEM form", file)
		}
	}
	return c, errors.Join(errs...)
}
