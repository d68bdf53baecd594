package postgrestest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"taskmaster/internal/testkit"
)

// Counter is a proxy of a database that counts its statements. It sees all of them: those of
// libraries, pings and the set-up of connections too.
type Counter struct {
	// URL is the database through the proxy.
	URL        string
	statements atomic.Int64
}

// Count starts a Counter of a database. It ends with the test.
func Count(t testing.TB, database string) *Counter {
	t.Helper()
	cfg, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	u.Host = ln.Addr().String()
	query := u.Query()
	query.Set("sslmode", "disable")
	query.Del("host")
	u.RawQuery = query.Encode()
	c := &Counter{URL: u.String()}
	network, address := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go c.pass(client, network, address)
		}
	}()
	return c
}

// Statements returns the number of statements so far.
func (c *Counter) Statements() int64 { return c.statements.Load() }

func (c *Counter) pass(client net.Conn, network, address string) {
	// The end of either connection ends both. That is no error.
	defer func() { _ = client.Close() }()
	server, err := net.Dial(network, address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	_ = c.read(io.TeeReader(client, server))
}

// Types of PostgreSQL's messages that run a statement: a simple query, and the execution of a
// prepared one (section "Message Formats" of its manual).
const statementTypes = "QE"

// read counts the messages of a client until its connection ends. The first one has no type.
func (c *Counter) read(client io.Reader) error {
	for first := true; ; first = false {
		head := make([]byte, 5)
		if first {
			head = head[:4]
		}
		if _, err := io.ReadFull(client, head); err != nil {
			return fmt.Errorf("read message: %w", err)
		}
		if !first && strings.ContainsRune(statementTypes, rune(head[0])) {
			c.statements.Add(1)
		}
		length := binary.BigEndian.Uint32(head[len(head)-4:])
		if length < 4 {
			return errors.New("read message: it has no length")
		}
		if _, err := io.CopyN(io.Discard, client, int64(length)-4); err != nil {
			return fmt.Errorf("read message: %w", err)
		}
	}
}

// AwaitQuiet waits until no statement came for a time.
func (c *Counter) AwaitQuiet(t testing.TB, quiet time.Duration) {
	t.Helper()
	last, since := c.Statements(), time.Now()
	testkit.Eventually(t, fmt.Sprintf("no statement for %v", quiet), func() bool {
		if n := c.Statements(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) >= quiet
	})
}
