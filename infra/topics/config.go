package main

import (
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"time"

	"taskmaster/internal/cli"
)

const (
	// A broker appends to each partition separately. A broker that syncs every append pays for
	// each. With 12 partitions on one broker, events arrive half as late again as with 4.
	partitionsPerBroker = 4
	defaultPartitions   = 12 // fewer if there are few brokers
	defaultReplication  = 3  // at most one per broker
	minRetention        = 7 * 24 * time.Hour
)

// These are the kinds of broker.
const (
	kindKafka    = "kafka"
	kindNATS     = "nats"
	kindRabbitMQ = "rabbitmq"
	kindRedis    = "redis"
)

// config holds the settings of one run.
type config struct {
	kind               string
	brokers            []string
	partitions         int // 0: for a new topic by the number of brokers, otherwise unchanged
	replication        int // 0: for a new topic defaultReplication, otherwise unchanged
	retention, timeout time.Duration
	vhost              string // of RabbitMQ
	username, password string
	token              string // of NATS
	tls                bool
	authorities        *x509.CertPool // nil: the system's authorities
}

// loadConfig reads the command line and the environment. It reports all problems at once.
func loadConfig(args []string, getenv func(string) string, w io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("topics", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.kind, "kind", kindKafka, "kafka, nats or rabbitmq")
	brokers := flags.String("brokers", "", "bootstrap addresses: host:port,...; the management plugin's address of RabbitMQ")
	flags.BoolVar(&c.tls, "tls", true, "connect to NATS or RabbitMQ with TLS")
	flags.StringVar(&c.vhost, "vhost", "/", "virtual host of RabbitMQ")
	flags.IntVar(&c.partitions, "partitions", 0,
		"partitions of each topic; never changed for an existing one (default 4 per broker for a new topic, at most 12)")
	flags.IntVar(&c.replication, "replication", 0, "copies of each event (default 3 for a new topic, or one per broker)")
	flags.DurationVar(&c.retention, "retention", minRetention, "retention of events, 168h or more")
	flags.DurationVar(&c.timeout, "timeout", 30*time.Second, "time limit of the whole run")
	if err := cli.Parse(flags, args); err != nil {
		return c, err
	}

	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if flags.NArg() > 0 {
		problem("unexpected argument %q", flags.Arg(0))
	}
	for address := range strings.SplitSeq(*brokers, ",") {
		address = strings.TrimSpace(address)
		if _, _, err := net.SplitHostPort(address); err != nil {
			problem("-brokers: %q is not host:port", address)
		}
		c.brokers = append(c.brokers, address)
	}
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	if set["partitions"] && (c.partitions < 1 || c.partitions > math.MaxInt32) {
		problem("-partitions: %d is not a number of partitions", c.partitions)
	}
	if set["replication"] && (c.replication < 1 || c.replication > math.MaxInt16) {
		problem("-replication: %d is not a number of copies", c.replication)
	}
	if c.retention < minRetention {
		problem("-retention: %v is less than %v, within which events may be needed again", c.retention, minRetention)
	}
	if c.timeout <= 0 {
		problem("-timeout: %v is not positive", c.timeout)
	}
	errs = append(errs, c.environment(getenv, set)...)
	return c, cli.Usage(errs...)
}

// environment reads the credentials of the kind, and checks the flags that belong to another kind.
func (c *config) environment(getenv func(string) string, set map[string]bool) []error {
	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	unused := map[string][]string{
		kindKafka: {"tls", "vhost"}, kindNATS: {"partitions", "vhost"}, kindRabbitMQ: {"partitions", "replication", "retention"},
	}
	for _, name := range unused[c.kind] {
		if set[name] {
			problem("-%s: has no effect on %s", name, c.kind)
		}
	}
	var file string
	switch c.kind {
	case kindKafka:
		c.username, c.password, file = getenv("KAFKA_USERNAME"), getenv("KAFKA_PASSWORD"), getenv("KAFKA_CA_FILE")
		c.tls = c.username != "" || file != ""
	case kindNATS:
		c.token, file = getenv("NATS_TOKEN"), getenv("NATS_CA_FILE")
	case kindRabbitMQ:
		c.username, c.password, file = getenv("RABBITMQ_USERNAME"), getenv("RABBITMQ_PASSWORD"), getenv("RABBITMQ_CA_FILE")
		if c.username == "" {
			problem("RABBITMQ_USERNAME and RABBITMQ_PASSWORD are required: a user with the tag administrator")
		}
		if len(c.brokers) > 1 {
			problem("-brokers: RabbitMQ needs the address of one management plugin")
		}
	case kindRedis:
		problem("-kind redis: Redis needs no topics: the first event creates each stream")
	default:
		problem("-kind: %q is not %s, %s or %s", c.kind, kindKafka, kindNATS, kindRabbitMQ)
	}
	prefix := strings.ToUpper(c.kind)
	if (c.username == "") != (c.password == "") {
		problem("set both %[1]s_USERNAME and %[1]s_PASSWORD, or neither", prefix)
	}
	if file != "" {
		pem, err := os.ReadFile(file) //nolint:gosec // the user chooses the file
		c.authorities = x509.NewCertPool()
		if err != nil {
			problem("%s_CA_FILE: %w", prefix, err)
		} else if !c.authorities.AppendCertsFromPEM(pem) {
			problem("%s_CA_FILE: %s contains no certificate in PEM format", prefix, file)
		}
	}
	return errs
}
