package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"taskmaster/cmd/local/supervise"
)

// Run becomes RabbitMQ's server. It first starts a port mapper (epmd) that ends with the server. On
// its own, Erlang would start one that outlives everything. args are RabbitMQ's start script.
func Run(ctx context.Context, args []string, getenv func(string) string) error {
	if len(args) != 1 {
		return errors.New("usage: local rabbitmq SCRIPT")
	}
	script, err := exec.LookPath(args[0])
	if err != nil {
		return fmt.Errorf("find RabbitMQ's start script: %w", err)
	}
	// The port mapper dies with the thread that started it. This thread becomes the server.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := dieWithParent(); err != nil {
		return fmt.Errorf("end with the supervisor: %w", err)
	}
	if err := startPortMapper(ctx, getenv("ERL_EPMD_ADDRESS"), getenv("ERL_EPMD_PORT")); err != nil {
		return err
	}
	return fmt.Errorf("run %s: %w", script, syscall.Exec(script, []string{script}, os.Environ()))
}

// startPortMapper returns when the port mapper answers.
func startPortMapper(ctx context.Context, host, port string) error {
	epmd := exec.Command("epmd", "-address", host, "-port", port) // ends with this process, not with ctx
	epmd.SysProcAttr = supervise.ChildAttributes()
	epmd.Stderr = os.Stderr
	if err := epmd.Start(); err != nil {
		return fmt.Errorf("start epmd: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- epmd.Wait() }()
	address := net.JoinHostPort(host, port)
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("epmd at %s ended: %w", address, err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(supervise.ReadyPoll):
		}
		if answersNames(ctx, address) {
			return nil
		}
	}
}

// answersNames reports whether the port mapper answers a request for its names. It logs an error for
// a client that connects and sends no request.
func answersNames(ctx context.Context, address string) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(supervise.ProbeTimeout)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte{0, 1, 'n'}); err != nil { // a request of one byte, NAMES_REQ
		return false
	}
	_, err = io.ReadAll(io.LimitReader(conn, 4)) // the answer starts with the mapper's port
	return err == nil
}
