package main

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
)

// redisBroker is Redis Streams, by the machine's own redis-server or the user's Redis.
type redisBroker struct{}

func (redisBroker) external(getenv func(string) string) bool { return getenv("REDIS_ADDR") != "" }

func (b redisBroker) prepare(_ context.Context, p plan, _ *lines) error {
	if b.external(p.cfg.getenv) {
		return nil
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		return errors.New("there is no redis-server: install Redis 7 (Debian: apt install redis-server), " +
			"or name a Redis of yours in REDIS_ADDR (host:port) and REDIS_PASSWORD")
	}
	if err := os.MkdirAll(p.brokerDir(), 0o700); err != nil {
		return err
	}
	return os.WriteFile(p.redisConfig(), []byte(p.redisSettings()), 0o600)
}

func (p plan) redisConfig() string { return filepath.Join(p.brokerDir(), "redis.conf") }

// redisSettings are of a Redis that answers when an event is on disk, and never throws one away to make room.
func (p plan) redisSettings() string {
	return strings.Join([]string{
		"bind 127.0.0.1",
		fmt.Sprintf("port %d", p.layout.broker),
		fmt.Sprintf("dir %q", p.brokerDir()),
		fmt.Sprintf("requirepass %q", p.secrets.BrokerPassword),
		"appendonly yes",
		"appendfsync always",
		"no-appendfsync-on-rewrite no",
		`save ""`, // the append only file has everything
		"maxmemory-policy noeviction",
		"databases 1",
		"daemonize no",
		"loglevel warning",
		"",
	}, "\n")
}

func (redisBroker) spec(p plan) spec {
	return spec{
		name: "broker", role: "broker", program: "redis-server", dir: p.brokerDir(), env: p.systemEnv(),
		args: []string{p.redisConfig()},
	}
}

// ready succeeds when Redis has read its file and knows the password. Streams appear by themselves, and keep what was
// published before anybody read it.
func (redisBroker) ready(ctx context.Context, p plan) error {
	addr, username, password := p.redis()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("connect to Redis: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	replies := bufio.NewReader(conn)
	if password != "" {
		if err := redisDo(conn, replies, "AUTH", cmp.Or(username, "default"), password); err != nil {
			return fmt.Errorf("log in to Redis at %s: %w", addr, err)
		}
	}
	if err := redisDo(conn, replies, "PING"); err != nil {
		return fmt.Errorf("use Redis at %s: %w", addr, err)
	}
	return nil
}

// redisDo sends a command whose reply is one line.
func redisDo(conn net.Conn, replies *bufio.Reader, command ...string) error {
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

func (b redisBroker) secrets(p plan) map[string]map[string]string {
	addr, username, password := p.redis()
	return map[string]map[string]string{"redis": {
		"host": addr, "username": username, "password": password,
		"tls": cmp.Or(p.cfg.getenv("REDIS_TLS"), "false"),
	}}
}

// redis returns where Redis is, and who may use it.
func (p plan) redis() (addr, username, password string) {
	addr = p.cfg.getenv("REDIS_ADDR")
	if addr == "" {
		return p.brokerAddress(), "", p.secrets.BrokerPassword
	}
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(addr, "6379")
	}
	return addr, p.cfg.getenv("REDIS_USERNAME"), p.cfg.getenv("REDIS_PASSWORD")
}
