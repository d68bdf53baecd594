package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// A broker that is starting or electing a leader is asked again a few times, with growing waits.
const (
	dialTimeout = 5 * time.Second
	retries     = 3
)

// connect returns a client after a broker has answered.
func connect(ctx context.Context, cfg config) (*kadm.Client, error) {
	opts := []kgo.Opt{
		kgo.SeedBrokers(cfg.brokers...), kgo.ClientID("taskmaster-topics"), kgo.RequestRetries(retries),
		kgo.DialTimeout(dialTimeout), kgo.MetadataMinAge(pollInterval / 2), // do not reuse recent metadata
	}
	if cfg.tls {
		opts = append(opts, kgo.DialTLSConfig(&tls.Config{RootCAs: cfg.authorities, MinVersion: tls.VersionTLS12}))
	}
	if cfg.username != "" {
		opts = append(opts, kgo.SASL(scram.Auth{User: cfg.username, Pass: cfg.password}.AsSha512Mechanism()))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	if err := client.Ping(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("connect to %s: %s", strings.Join(cfg.brokers, ","), reason(cfg, err))
	}
	return kadm.NewClient(client), nil
}

// reason explains why no broker answered.
func reason(cfg config, err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	var hungUp *kgo.ErrFirstReadEOF
	var network *net.OpError
	switch {
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return "user name or password is wrong (KAFKA_USERNAME, KAFKA_PASSWORD)"
	case errors.As(err, &unknown):
		return "the broker's certificate is signed by an untrusted authority (KAFKA_CA_FILE)"
	case errors.As(err, &name):
		return name.Error()
	case errors.As(err, &record), cfg.tls && errors.As(err, &hungUp):
		return "the broker does not speak TLS on this port: unset KAFKA_USERNAME and KAFKA_CA_FILE, or use its TLS port"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %v", cfg.timeout)
	case errors.As(err, &network):
		return network.Error()
	case !cfg.tls:
		return err.Error() + " (does the broker require TLS? Then set KAFKA_USERNAME and KAFKA_PASSWORD)"
	}
	return err.Error()
}
