package main

import (
	"bufio"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"
)

func TestRedisOfTheUser(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			answerRedis(conn)
		}
	}()
	for name, test := range map[string]struct{ password, want string }{
		"right password": {"open sesame", ""},
		"wrong password": {"mellon", "log in to Redis at " + ln.Addr().String() + ": WRONGPASS"},
	} {
		p := brokerPlan(t, "redis", map[string]string{"REDIS_ADDR": ln.Addr().String(), "REDIS_PASSWORD": test.password, "REDIS_TLS": "false"})
		if !p.cfg.broker.external(p.cfg.getenv) {
			t.Fatal("REDIS_ADDR does not make it the user's")
		}
		if err := p.cfg.broker.prepare(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(p.redisConfig()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a Redis that is not to be started was prepared: %v", name, err)
		}
		err := p.cfg.broker.ready(t.Context(), p)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q", name, err, test.want)
		}
		got := p.cfg.broker.secrets(p)["redis"]
		if got["host"] != ln.Addr().String() || got["password"] != test.password || got["tls"] != "false" {
			t.Errorf("%s: the component gets %v", name, got)
		}
	}
	if addr, _, _ := brokerPlan(t, "redis", map[string]string{"REDIS_ADDR": "redis.example.com"}).redis(); addr != "redis.example.com:6379" {
		t.Errorf("without a port, Redis is at %s", addr)
	}
}

// answerRedis answers one client, as a Redis whose password is "open sesame".
func answerRedis(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		reply := ""
		switch lines.Text() {
		case "open sesame":
			reply = "+OK\r\n"
		case "mellon":
			reply = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
		case "PING":
			reply = "+PONG\r\n"
		}
		if _, err := conn.Write([]byte(reply)); err != nil {
			return
		}
	}
}

// What this machine lacks is said with the ways out.
func TestBrokersThatAreNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, wants := range map[string][]string{
		"redis":    {"redis-server", "apt install redis-server", "REDIS_ADDR"},
		"rabbitmq": {"there is no", "apt install rabbitmq-server", "RABBITMQ_URL"},
	} {
		p := brokerPlan(t, name, nil)
		err := p.cfg.broker.prepare(t.Context(), p, nil)
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v, want one that names %s", name, err, want)
			}
		}
	}
}
