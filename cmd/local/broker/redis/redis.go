// Package redis runs Redis Streams with the redis-server of the machine, or uses the Redis that
// REDIS_ADDR names.
package redis

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/supervise"
)

// Broker is a Redis server.
type Broker struct{ config broker.Config }

// New returns the broker of an installation.
func New(config broker.Config) *Broker { return &Broker{config} }

// External reports whether REDIS_ADDR names a Redis. Then none is started.
func (b *Broker) External() bool { return b.config.Getenv("REDIS_ADDR") != "" }

// Prepare writes the configuration. If redis-server is missing, the error explains the ways out.
func (b *Broker) Prepare(context.Context) error {
	if b.External() {
		return nil
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		return errors.New("there is no redis-server: install Redis 7 (Debian: apt install redis-server), " +
			"or name a Redis of yours in REDIS_ADDR (host:port) and REDIS_PASSWORD")
	}
	if err := os.MkdirAll(b.config.Dir, 0o700); err != nil {
		return fmt.Errorf("create the broker's folder: %w", err)
	}
	if err := os.WriteFile(b.configFile(), []byte(b.settings()), 0o600); err != nil {
		return fmt.Errorf("write Redis's configuration: %w", err)
	}
	return nil
}

func (b *Broker) configFile() string { return filepath.Join(b.config.Dir, "redis.conf") }

// settings returns the configuration. Redis answers once an event is on disk, and never deletes an
// event to make room.
func (b *Broker) settings() string {
	return strings.Join([]string{
		"bind 127.0.0.1",
		fmt.Sprintf("port %d", b.config.Ports[0]),
		fmt.Sprintf("dir %q", b.config.Dir),
		fmt.Sprintf("requirepass %q", b.config.Password),
		"appendonly yes",
		"appendfsync always",
		"no-appendfsync-on-rewrite no",
		`save ""`, // the append-only file holds everything
		"maxmemory-policy noeviction",
		"databases 1",
		"daemonize no",
		"loglevel warning",
		"",
	}, "\n")
}

// Program returns the program of the server.
func (b *Broker) Program() supervise.Program {
	return supervise.Program{
		Name: "broker", Path: "redis-server", Args: []string{b.configFile()}, Dir: b.config.Dir, Env: b.config.Env,
	}
}

// Ready succeeds once Redis has loaded its data and accepts the password. Streams need no creation,
// and keep events that were published before the first subscription.
func (b *Broker) Ready(ctx context.Context) error {
	addr, username, password := b.access()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("connect to Redis: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return fmt.Errorf("connect to Redis: %w", err)
		}
	}
	replies := bufio.NewReader(conn)
	if password != "" {
		if err := do(conn, replies, "AUTH", cmp.Or(username, "default"), password); err != nil {
			return fmt.Errorf("log in to Redis at %s: %w", addr, err)
		}
	}
	if err := do(conn, replies, "PING"); err != nil {
		return fmt.Errorf("use Redis at %s: %w", addr, err)
	}
	return nil
}

// do sends a command whose reply is one line. It returns an error reply as an error.
func do(conn net.Conn, replies *bufio.Reader, command ...string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := conn.Write([]byte(b.String())); err != nil {
		return err
	}
	reply, err := replies.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(reply, "+") {
		return errors.New(strings.TrimSpace(strings.TrimPrefix(reply, "-")))
	}
	return nil
}

// Secrets returns the secrets of the components: name, then key.
func (b *Broker) Secrets() map[string]map[string]string {
	addr, username, password := b.access()
	return map[string]map[string]string{"redis": {
		"host": addr, "username": username, "password": password,
		"tls": cmp.Or(b.config.Getenv("REDIS_TLS"), "false"),
	}}
}

// access returns the address of Redis and the credentials.
func (b *Broker) access() (addr, username, password string) {
	addr = b.config.Getenv("REDIS_ADDR")
	if addr == "" {
		return b.config.Address, "", b.config.Password
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(addr, "6379")
	}
	return addr, b.config.Getenv("REDIS_USERNAME"), b.config.Getenv("REDIS_PASSWORD")
}
