package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
)

// Main runs a service's process: signals, configuration, listener, run. It returns the exit status.
// The context of run is cancelled on SIGINT or SIGTERM, and its context.Canceled means success.
func Main[C interface{ Shared() Common }](load func(getenv func(string) string) (C, error),
	run func(ctx context.Context, cfg C, ln net.Listener, log *slog.Logger) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	cfg, err := load(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	log := NewLog(os.Stderr, cfg.Shared())
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Shared().ListenAddr)
	if err != nil {
		log.ErrorContext(ctx, "listen failed", "error", err)
		return 1
	}
	if err := run(ctx, cfg, ln, log); err != nil && !errors.Is(err, context.Canceled) {
		log.ErrorContext(ctx, "service failed", "error", err)
		return 1
	}
	return 0
}
