package sidecar_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"taskmaster/internal/sidecar"
	"taskmaster/internal/telemetry"
	"taskmaster/internal/testkit"
)

// start calls AwaitStart of a client of a port. The channel is closed when that returns.
func start(t *testing.T, ctx context.Context, port int, patience time.Duration) <-chan struct{} {
	t.Helper()
	client, err := sidecar.New(port, 0, "")
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
	// A client that connects before Serve waits for the server's first frame.
	returned := start(t, t.Context(), ln.Addr().(*net.TCPAddr).Port, time.Hour)
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
			case <-start(t, c.ctx, testkit.FreePort(t), c.patience):
			case <-time.After(time.Minute):
				t.Fatal("it still waits for a sidecar that does not come")
			}
		})
	}
}

// TestCallsCarryTheTrace checks that the sidecar learns the trace of each call.
func TestCallsCarryTheTrace(t *testing.T) {
	t.Parallel()
	const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		header, _ := metadata.FromIncomingContext(stream.Context())
		got = append(got, header["traceparent"])
		return stream.SendMsg(&emptypb.Empty{})
	}))
	t.Cleanup(server.Stop)
	go func() { _ = server.Serve(ln) }() // it ends with the test
	invoked := make(chan string, 1)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { invoked <- r.Header.Get("Traceparent") }))
	t.Cleanup(app.Close)
	client, err := sidecar.New(ln.Addr().(*net.TCPAddr).Port, app.Listener.Addr().(*net.TCPAddr).Port, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	ctx := telemetry.Continue(t.Context(), traceparent)
	if err := client.Publish(ctx, "task-events", "k", []byte("{}")); err != nil {
		t.Error(err)
	}
	if err := client.Publish(t.Context(), "task-events", "k", []byte("{}")); err != nil {
		t.Error(err)
	}
	if err := client.Invoke(ctx, "api", "internal/occurrences", struct{}{}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([][]string{{traceparent}, nil}, got); diff != "" {
		t.Errorf("traces of the published events (-want +got):\n%s", diff)
	}
	if parent := <-invoked; parent != traceparent {
		t.Errorf("the invocation has traceparent %q, want %q", parent, traceparent)
	}
}

// TestJobsOfOlderSidecars checks that jobs work on a sidecar of Dapr 1.16 or 1.17, which knows only the older
// calls for jobs, and takes others for calls of another app.
func TestJobsOfOlderSidecars(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var calls []string
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		call := path.Base(method)
		calls = append(calls, call)
		if !strings.HasSuffix(call, "Alpha1") {
			return status.Error(codes.Unknown, "failed to proxy request: required metadata dapr-callee-app-id or dapr-app-id not found")
		}
		return stream.SendMsg(&emptypb.Empty{})
	}))
	t.Cleanup(server.Stop)
	go func() { _ = server.Serve(ln) }() // it ends with the test
	client, err := sidecar.New(ln.Addr().(*net.TCPAddr).Port, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if err := client.ScheduleJob(t.Context(), "a", time.Now()); err != nil {
		t.Error(err)
	}
	if err := client.DeleteJob(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if want := []string{"ScheduleJob", "ScheduleJobAlpha1", "DeleteJob", "DeleteJobAlpha1"}; !slices.Equal(calls, want) {
		t.Errorf("calls %q, want %q", calls, want)
	}
}
