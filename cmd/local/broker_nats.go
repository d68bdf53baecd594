package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsBroker is NATS JetStream inside this program, which is run again for it, so that it can be killed and restarted by
// itself.
type natsBroker struct{}

const (
	natsCommand  = "nats"
	natsTokenEnv = "NATS_TOKEN"
)

func (natsBroker) external(func(string) string) bool { return false }

func (natsBroker) prepare(context.Context, plan, *lines) error { return nil }

func (natsBroker) spec(p plan) spec {
	return spec{
		name: "broker", role: "broker", program: p.self, dir: p.cfg.dir,
		args: append([]string{natsCommand}, append(p.cfg.tuning.broker.flags(), p.brokerDir(), strconv.Itoa(p.layout.broker))...),
		env:  append(p.systemEnv(), natsTokenEnv+"="+p.secrets.NATSToken),
	}
}

func (natsBroker) ready(ctx context.Context, p plan) error {
	return ensureStreams(ctx, p.natsURL(), p.secrets.NATSToken)
}

func (natsBroker) secrets(p plan) map[string]map[string]string {
	return map[string]map[string]string{"nats": {"url": p.natsURL(), "token": p.secrets.NATSToken}}
}

func (natsBroker) reach(_ context.Context, p plan) error {
	conn, err := connectNATS(p.natsURL(), p.secrets.NATSToken)
	if err != nil {
		return err
	}
	conn.Close()
	return nil
}

// The client in a sidecar tries to connect 60 times, 2 s apart.
func (natsBroker) givenUpAfter() time.Duration { return 90 * time.Second }

func (p plan) natsURL() string { return "nats://" + p.brokerAddress() }

const (
	eventRetention = 7 * 24 * time.Hour
	// duplicateWindow is for how long a stream drops an id that it has seen. The shortest that there is: what an operator
	// publishes again has its id, and so has a dead letter that comes a second time. Dropped, they would be lost.
	duplicateWindow = 100 * time.Millisecond
)

// ensureStreams makes the streams, or brings their settings up to date. Each topic has a stream of its own, named like it: a
// stream drops an event whose id it saw a moment ago, and a dead letter has the id of the event it came from.
func ensureStreams(ctx context.Context, url, token string) error {
	conn, err := connectNATS(url, token)
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	for _, topic := range topics {
		_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name:       topic,
			Subjects:   []string{topic},
			Storage:    jetstream.FileStorage,
			Retention:  jetstream.LimitsPolicy,
			MaxAge:     eventRetention,
			Duplicates: duplicateWindow,
		})
		if err != nil {
			return fmt.Errorf("make stream %s: %w", topic, err)
		}
	}
	return nil
}

func connectNATS(url, token string) (*nats.Conn, error) {
	conn, err := nats.Connect(url, nats.Token(token), nats.Timeout(2*time.Second))
	if err != nil {
		return nil, fmt.Errorf("connect to broker: %w", err)
	}
	return conn, nil
}
