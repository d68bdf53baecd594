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

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/supervise"
	"taskmaster/infra/topics/streams"
)

// Command is the argument that makes this program the server. See Serve.
const Command = "nats"

// eventRetention is how long events are kept, so that a service can be away for days.
const eventRetention = 7 * 24 * time.Hour

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
	for _, topic := range broker.Topics() {
		if _, err := streams.Ensure(ctx, conn, topic, streams.Settings{Retention: eventRetention, Copies: 1}); err != nil {
			return err
		}
	}
	return nil
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
