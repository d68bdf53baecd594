package redis

import (
	"bufio"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"

	"taskmaster/cmd/local/broker/brokertest"
)

// A Redis of the user's is used with its address and password. Nothing is written for a server.
func TestExternalRedis(t *testing.T) {
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
			serveFakeRedis(conn)
		}
	}()
	for name, test := range map[string]struct{ password, want string }{
		"right password": {"open sesame", ""},
		"wrong password": {"mellon", "log in to Redis at " + ln.Addr().String() + ": WRONGPASS"},
	} {
		b := New(brokertest.Config(t, map[string]string{
			"REDIS_ADDR": ln.Addr().String(), "REDIS_PASSWORD": test.password, "REDIS_TLS": "false",
		}))
		if !b.External() {
			t.Fatal("REDIS_ADDR does not make Redis external")
		}
		if err := b.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(b.configFile()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: there is a configuration for a Redis that is not started: %v", name, err)
		}
		err := b.Ready(t.Context())
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q", name, err, test.want)
		}
		got := b.Secrets()["redis"]
		for key, want := range map[string]string{"host": ln.Addr().String(), "password": test.password, "tls": "false"} {
			if got[key] != want {
				t.Errorf("%s: the component's %s is %q, want %q", name, key, got[key], want)
			}
		}
	}
	withoutPort := New(brokertest.Config(t, map[string]string{"REDIS_ADDR": "redis.example.com"}))
	if addr, _, _ := withoutPort.access(); addr != "redis.example.com:6379" {
		t.Errorf("without a port, Redis is at %s", addr)
	}
}

// serveFakeRedis serves one client, as a Redis whose password is "open sesame".
func serveFakeRedis(conn net.Conn) {
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

// Without redis-server, the error names the ways out.
func TestMissingRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := New(brokertest.Config(t, nil)).Prepare(t.Context())
	for _, want := range []string{"redis-server", "apt install redis-server", "REDIS_ADDR"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that names %s", err, want)
		}
	}
}

func TestFilterLog(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"4711:M 23 Nov 2026 23:51:52.846 * Ready to accept connections":        "",
		"4711:M 23 Nov 2026 23:51:52.846 # Can't recover from AOF write error": "warning: Can't recover from AOF write error",
		"4711:M 23 Nov 2026 23:51:52.846 # Redis is now ready to exit, bye":    "",
		"warning: slow consumer": "warning: slow consumer",
	} {
		if got := new(Broker).FilterLog(line); got != want {
			t.Errorf("%q is shown as %q, want %q", line, got, want)
		}
	}
}
