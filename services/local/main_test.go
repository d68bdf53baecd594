package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
)

// The test binary is also the broker that tests start.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == brokerCommand {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		os.Exit(command(ctx, os.Args[1:]))
	}
	os.Exit(m.Run())
}
