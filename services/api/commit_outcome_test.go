package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
	"taskmaster/internal/testkit"
)

// commitLink is a network connection to PostgreSQL that can lose a commit.
type commitLink struct {
	// left counts down to the commit that is lost or late.
	left atomic.Int64
	// deliver reports whether that commit reaches PostgreSQL.
	deliver bool
	// answer holds the response back. If it is nil, the connection breaks.
	answer func(server net.Conn)
}

// serve forwards the bytes of a connection. pgx sends a commit as one simple query.
func (l *commitLink) serve(ctx context.Context, client net.Conn, to string) {
	server, err := new(net.Dialer).DialContext(ctx, "tcp", to)
	if err != nil {
		client.Close()
		return
	}
	context.AfterFunc(ctx, func() { server.Close(); client.Close() })
	hold := make(chan struct{}, 1) // holds back the response to that commit
	go func() {
		defer server.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := client.Read(buffer)
			if err != nil {
				return
			}
			if bytes.Contains(buffer[:n], []byte("commit\x00")) && l.left.Add(-1) == 0 {
				hold <- struct{}{}
				if !l.deliver {
					continue
				}
			}
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	go func() {
		defer client.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if err != nil {
				return
			}
			select {
			case <-hold:
				if l.answer == nil {
					return // the connection breaks
				}
				l.answer(server)
			default:
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
}

// newCommitLink returns a user of an api whose database is behind a link.
func newCommitLink(t *testing.T, l *commitLink) person {
	t.Helper()
	address, err := url.Parse(postgrestest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	to := address.Host
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			l.serve(t.Context(), client, to)
		}
	}()
	address.Host = ln.Addr().String()
	db, err := postgres.Open(t.Context(), address.String(), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	a := newTestAPI(t)
	a.db = db
	return a.newPerson(t)
}

// clientTimeout cancels the context of a request after a time, like a client that gives up.
func clientTimeout(d time.Duration) func(*http.Request) {
	return func(r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), d)
		context.AfterFunc(ctx, cancel)
		*r = *r.WithContext(ctx)
	}
}

// TestLostCommit loses the response to the commit of a new task. The answer says that the outcome
// is unknown. A second request with the same Idempotency-Key leaves one task, whether the commit
// arrived or not.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	never := func(server net.Conn) { _, _ = io.Copy(io.Discard, server) }
	for _, c := range []struct {
		name    string
		deliver bool
		answer  func(net.Conn)
	}{
		{"stored, no answer", true, never},
		{"stored, connection broken", true, nil},
		{"not stored, no answer", false, never},
	} {
		for _, key := range []string{"", "pay rent once"} {
			t.Run(c.name+", key "+key, func(t *testing.T) {
				t.Parallel()
				l := &commitLink{deliver: c.deliver, answer: c.answer}
				p := newCommitLink(t, l)
				token := p.newToken(t, "tasks:read", "tasks:write")
				body := object{"title": "pay rent"}
				l.left.Store(2) // the first commit is that of authentication
				r := p.testAPI.send(t, "POST", "/api/v1/tasks", body, bearer(token), header("Idempotency-Key", key), clientTimeout(2*time.Second))
				r.wantProblem(t, 504, "outcome_unknown")
				if after := r.Header.Get("Retry-After"); after != "" {
					t.Errorf("the answer has Retry-After: %s, but the change may be stored", after)
				}
				if want := "Idempotency-Key"; strings.Contains(string(r.Body), want) != (key != "") {
					t.Errorf("with key %q the answer is %s", key, r.Body)
				}
				if key != "" {
					p.testAPI.send(t, "POST", "/api/v1/tasks", body, bearer(token), header("Idempotency-Key", key)).want(t, 201)
				}
				want := 0
				if c.deliver || key != "" {
					want = 1
				}
				testkit.Eventually(t, "the commit is done or dropped", func() bool {
					return p.count(t, `SELECT count(*) FROM tasks`) == want
				})
			})
		}
	}
}

// TestLateCommit delays the response to a commit beyond the deadline of the request. The outcome is
// known nevertheless.
func TestLateCommit(t *testing.T) {
	t.Parallel()
	l := &commitLink{deliver: true, answer: func(net.Conn) { time.Sleep(2 * time.Second) }}
	p := newCommitLink(t, l)
	token := p.newToken(t, "tasks:write")
	l.left.Store(2) // the first commit is that of authentication
	p.testAPI.send(t, "POST", "/api/v1/tasks", object{"title": "pay rent"}, bearer(token), clientTimeout(time.Second)).want(t, 201)
}
