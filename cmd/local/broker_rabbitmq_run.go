package main

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
)

// runRabbit becomes RabbitMQ's server, with a port mapper (epmd) of its own beside it that ends when the server does. Left to
// itself, Erlang starts one that outlives everything. args are RabbitMQ's start script.
func runRabbit(ctx context.Context, args []string, getenv func(string) string) error {
	if len(args) != 1 {
		return errors.New("usage: local rabbitmq SCRIPT")
	}
	script, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	// The system ends the port mapper with the thread that started it. That is the one which becomes the server.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := endWithParent(); err != nil {
		return fmt.Errorf("end with the supervisor: %w", err)
	}
	if err := startPortMapper(ctx, getenv("ERL_EPMD_ADDRESS"), getenv("ERL_EPMD_PORT")); err != nil {
		return err
	}
	return fmt.Errorf("run %s: %w", script, syscall.Exec(script, []string{script}, os.Environ()))
}

// startPortMapper returns when the port mapper can be asked.
func startPortMapper(ctx context.Context, host, port string) error {
	epmd := exec.Command("epmd", "-address", host, "-port", port) // ends with this process, not with ctx
	epmd.SysProcAttr = childAttributes()
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
		case <-time.After(readyPoll):
		}
		if namesAsked(ctx, address) {
			return nil
		}
	}
}

// namesAsked asks the port mapper which names it has, for it complains of those who connect and ask nothing.
func namesAsked(ctx context.Context, address string) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(probeTimeout)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte{0, 1, 'n'}); err != nil { // a request of one byte, NAMES_REQ
		return false
	}
	_, err = io.ReadAll(io.LimitReader(conn, 4)) // its port
	return err == nil
}
