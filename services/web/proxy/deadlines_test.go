package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"
)

// deadline is the longest wait for an expected effect.
const deadline = 20 * time.Second

// connect sends the beginning of a request to a server with deadlines, and then sends no more.
func connect(t *testing.T, timeout time.Duration, beginning string, h http.HandlerFunc) {
	t.Helper()
	s := httptest.NewServer(withDeadlines(h, timeout, timeout))
	t.Cleanup(s.Close)
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
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
		t.Error("the slow client was not cut off")
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

// The body's deadline ends with the body. The response may take longer.
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
			got <- fmt.Errorf("the request was cancelled at its body's deadline")
		case <-time.After(2 * time.Second):
			got <- nil
		}
	})
	if err := <-got; err != nil {
		t.Error(err)
	}
}
