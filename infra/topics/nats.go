package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"taskmaster/infra/topics/streams"
)

// ensureStreams creates or updates a stream for each topic.
func ensureStreams(ctx context.Context, cfg config, out io.Writer) error {
	options := []nats.Option{nats.Name("taskmaster-topics"), nats.Timeout(cfg.timeout / time.Duration(len(cfg.brokers))), nats.Token(cfg.token)}
	scheme := "nats://"
	if cfg.tls {
		scheme = "tls://"
		options = append(options, nats.Secure(&tls.Config{RootCAs: cfg.authorities, MinVersion: tls.VersionTLS12}))
	}
	servers := scheme + strings.Join(cfg.brokers, ","+scheme)
	conn, err := nats.Connect(servers, options...)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", servers, err)
	}
	defer conn.Close()
	for _, topic := range topics {
		did, err := streams.Ensure(ctx, conn, topic, streams.Settings{Retention: cfg.retention, Copies: cfg.replication})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %s\n", topic, did)
	}
	return nil
}
