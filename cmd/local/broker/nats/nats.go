// Package nats runs NATS JetStream inside this program. The program starts itself again as the
// server, so that the server can be killed and restarted alone.
package nats

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/supervise"
)

// Command is the argument that makes this program the server. See Serve.
const Command = "nats"

// tokenEnv is the variable in which the server gets its token. Other users cannot read it there.
const tokenEnv = "NATS_TOKEN"

// Broker is a NATS server on this machine.
type Broker struct{ config broker.Config }

// New returns the broker of an installation.
func New(config broker.Config) *Broker { return &Broker{config} }

// External returns false: there is always a server of our own.
func (*Broker) External() bool { return false }

// Prepare has nothing to do.
func (*Broker) Prepare(context.Context) error { return nil }

// Program returns the program of the server, which is this program.
func (b *Broker) Program() supervise.Program {
	args := []string{Command}
	for _, option := range b.config.Options {
		args = append(args, "--"+option)
	}
	return supervise.Program{
		Name: "broker", Path: b.config.Self, Dir: filepath.Dir(b.config.Dir),
		Args: append(args, b.config.Dir, strconv.Itoa(b.config.Ports[0])),
		Env:  slices.Concat(b.config.Env, []string{tokenEnv + "=" + b.config.Token}),
	}
}

// Ready creates the streams. It succeeds once the server can be used.
func (b *Broker) Ready(ctx context.Context) error {
	conn, err := b.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	return ensureStreams(ctx, conn)
}

// Secrets returns the secrets of the components: name, then key.
func (b *Broker) Secrets() map[string]map[string]string {
	return map[string]map[string]string{"nats": {"url": b.url(), "token": b.config.Token}}
}

// FilterLog returns the line: the server logs only warnings and errors.
func (*Broker) FilterLog(line string) string { return line }

// Reach succeeds if a sidecar could connect.
func (b *Broker) Reach(context.Context) error {
	conn, err := b.connect()
	if err != nil {
		return err
	}
	conn.Close()
	return nil
}

// GiveUpAfter returns the length of an outage after which some sidecars do not come back by
// themselves. The client in a sidecar makes 60 attempts to connect, 2 s apart.
func (*Broker) GiveUpAfter() time.Duration { return 90 * time.Second }

func (b *Broker) url() string { return "nats://" + b.config.Address }

func (b *Broker) connect() (*client.Conn, error) {
	conn, err := client.Connect(b.url(), client.Token(b.config.Token), client.Timeout(2*time.Second))
	if err != nil {
		return nil, fmt.Errorf("connect to broker: %w", err)
	}
	return conn, nil
}

const (
	// eventRetention is how long events are kept, so that a service can be away for days.
	eventRetention = 7 * 24 * time.Hour
	// duplicateWindow is how long a stream drops an event whose id it has seen. It is the shortest
	// that NATS allows. An event that an operator publishes again has its old id, and so has a dead
	// letter that comes a second time. Both would be lost.
	duplicateWindow = 100 * time.Millisecond
)

// ensureStreams creates the streams, or updates their settings. Each topic has a stream of its own
// with the same name. A stream drops an event whose id it has just seen, and a dead letter has the
// id of its event: in a common stream it would be lost.
func ensureStreams(ctx context.Context, conn *client.Conn) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	for _, topic := range broker.Topics() {
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
