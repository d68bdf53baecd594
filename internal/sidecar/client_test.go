package sidecar_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"taskmaster/internal/sidecar"
	"taskmaster/internal/testkit"
)

// start calls AwaitStart of a client of a port. The channel is closed when that returns.
func start(t *testing.T, ctx context.Context, port, httpPort int, patience time.Duration) <-chan struct{} {
	t.Helper()
	client, err := sidecar.New(port, httpPort, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	returned := make(chan struct{})
	go func() {
		client.AwaitStart(ctx, patience)
		close(returned)
	}()
	return returned
}

func TestAwaitStartReturnsWhenTheSidecarIsUp(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var ready atomic.Bool
	asked := make(chan struct{}, 100)
	health := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		asked <- struct{}{}
	}))
	t.Cleanup(health.Close)
	// A client that connects before Serve waits for the server's first frame.
	returned := start(t, t.Context(), ln.Addr().(*net.TCPAddr).Port, health.Listener.Addr().(*net.TCPAddr).Port, time.Hour)
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-returned:
		t.Fatal("it returned before a sidecar was there")
	default:
	}
	conn.Close() // this attempt fails, and the next succeeds
	server := grpc.NewServer()
	t.Cleanup(server.Stop)
	go func() { _ = server.Serve(ln) }() // it ends with the test
	<-asked
	select {
	case <-returned:
		t.Fatal("it returned before the sidecar accepted calls")
	case <-asked: // again
	}
	ready.Store(true)
	select {
	case <-returned:
	case <-time.After(time.Minute):
		t.Fatal("it did not return although the sidecar is up")
	}
}

func TestAwaitStartGivesUp(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx      context.Context
		patience time.Duration
	}{
		"patience over": {t.Context(), 50 * time.Millisecond},
		"context ended": {ended, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			select {
			case <-start(t, c.ctx, testkit.FreePort(t), 0, c.patience):
			case <-time.After(time.Minute):
				t.Fatal("it still waits for a sidecar that does not come")
			}
		})
	}
}
