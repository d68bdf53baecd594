package system

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// echo returns a listener that sends back all bytes of every connection.
func echo(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return ln
}

func newLink(t *testing.T) *Link {
	t.Helper()
	ln := echo(t)
	l, err := NewLink(t.Context(), func() (string, error) { return ln.Addr().String(), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func dial(t *testing.T, l *Link) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// say sends a word and returns the answer that arrives within a time.
func say(conn net.Conn, word string, within time.Duration) (string, error) {
	if _, err := io.WriteString(conn, word); err != nil {
		return "", err
	}
	return hear(conn, len(word), within)
}

func hear(conn net.Conn, n int, within time.Duration) (string, error) {
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	answer := make([]byte, n)
	_, err := io.ReadFull(conn, answer)
	return string(answer), err
}

func TestLinkCut(t *testing.T) {
	t.Parallel()
	l := newLink(t)
	conn := dial(t, l)
	if got, err := say(conn, "one", time.Minute); got != "one" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	l.Cut()
	if got, err := hear(conn, 1, time.Minute); err == nil {
		t.Errorf("a cut link still passes %q", got)
	}
	// The reset may arrive before or after this end considers the connection established.
	if fresh, err := net.Dial("tcp", l.Address()); err == nil {
		t.Cleanup(func() { fresh.Close() })
		if got, err := say(fresh, "two", time.Minute); err == nil {
			t.Errorf("a cut link passes %q on a new connection", got)
		}
	}
	l.Mend()
	if got, err := say(dial(t, l), "three", time.Minute); got != "three" || err != nil {
		t.Errorf("mended: got %q, %v", got, err)
	}
}

// A stalled link delays bytes and loses none. It gives no sign before, and it delays the end of a
// connection too.
func TestLinkStalled(t *testing.T) {
	t.Parallel()
	l := newLink(t)
	conn := dial(t, l)
	if got, err := say(conn, "one", time.Minute); got != "one" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	l.Stall()
	if got, err := say(conn, "two", 200*time.Millisecond); err == nil {
		t.Fatalf("a stalled link passes %q", got)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := hear(conn, 1, 200*time.Millisecond); err == io.EOF { //nolint:errorlint // As it is
		t.Fatal("a stalled link passes the end of a connection")
	}
	l.Mend()
	if got, err := hear(conn, len("two"), time.Minute); got != "two" || err != nil {
		t.Errorf("mended: got %q, %v", got, err)
	}
	if _, err := hear(conn, 1, time.Minute); err != io.EOF { //nolint:errorlint // As it is
		t.Errorf("mended: got %v, want the end of the connection", err)
	}
}

func TestLinkSlow(t *testing.T) {
	t.Parallel()
	l := newLink(t)
	conn := dial(t, l)
	const delay = 100 * time.Millisecond
	l.Slow(delay)
	began := time.Now()
	if got, err := say(conn, "one", time.Minute); got != "one" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	if took := time.Since(began); took < 2*delay {
		t.Errorf("the round trip took %s, less than twice the delay", took)
	}
}

// A forgotten connection is silent and open until this end sends. A new connection works.
func TestLinkForget(t *testing.T) {
	t.Parallel()
	l := newLink(t)
	conn := dial(t, l)
	if got, err := say(conn, "one", time.Minute); got != "one" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	l.Forget()
	got, err := hear(conn, 1, 300*time.Millisecond)
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
		t.Errorf("a forgotten connection returns %q, %v, want silence", got, err)
	}
	if got, err := say(conn, "two", time.Minute); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a forgotten connection returns %q, %v, want a reset", got, err)
	}
	if got, err := say(dial(t, l), "three", time.Minute); got != "three" || err != nil {
		t.Errorf("a new connection returns %q, %v", got, err)
	}
}
