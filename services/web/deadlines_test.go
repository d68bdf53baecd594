package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// connect sends the beginning of a request to a server with deadlines and leaves it at that.
func connect(t *testing.T, timeout time.Duration, beginning string, h http.HandlerFunc) {
	t.Helper()
	url := upstream(t, withDeadlines(h, timeout, timeout).ServeHTTP)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, beginning); err != nil {
		t.Fatal(err)
	}
}

func wantTimeout(t *testing.T, got <-chan error) {
	t.Helper()
	select {
	case err := <-got:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want a timeout", err)
		}
	case <-time.After(deadline):
		t.Error("a slow client was waited for")
	}
}

func TestSlowSenderIsCutOff(t *testing.T) {
	t.Parallel()
	got := make(chan error, 1)
	connect(t, 50*time.Millisecond, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		got <- err
	})
	wantTimeout(t, got)
}

func TestSlowReaderIsCutOff(t *testing.T) {
	t.Parallel()
	got := make(chan error, 1)
	connect(t, 50*time.Millisecond, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				got <- err
				return
			}
		}
	})
	wantTimeout(t, got)
}

// The body's deadline is over with the body: what follows may take its time.
func TestAnswerMayTakeLongerThanTheBody(t *testing.T) {
	t.Parallel()
	got := make(chan error, 1)
	connect(t, time.Second, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "body" {
			got <- fmt.Errorf("read %q: %w", body, err)
			return
		}
		select {
		case <-r.Context().Done():
			got <- fmt.Errorf("the request ended with its body's deadline")
		case <-time.After(2 * time.Second):
			got <- nil
		}
	})
	if err := <-got; err != nil {
		t.Error(err)
	}
}
