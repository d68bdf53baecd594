package main

import (
	"context"
	"log/slog"
	"net"

	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
	"taskmaster/internal/telemetry"
)

// recurring holds the dependencies of the routes.
type recurring struct {
	cfg config
	log *slog.Logger
	// telemetry may be nil in tests.
	telemetry *telemetry.Telemetry
	// invoke calls a method of another app. It is sidecar.Client.Invoke, except in tests.
	invoke func(ctx context.Context, appID, method string, body any) error
}

// run serves until ctx is cancelled.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	tel, err := telemetry.New(ctx, cfg.Telemetry("recurring", log))
	if err != nil {
		return err
	}
	defer tel.Close(ctx)
	client, err := sidecar.New(cfg.DaprGRPCPort, cfg.DaprHTTPPort, cfg.DaprAPIToken)
	if err != nil {
		return err
	}
	defer client.Close()
	r := &recurring{cfg: cfg, log: log, telemetry: tel, invoke: client.Invoke}
	return server.Serve(ctx, ln, r.routes(), log)
}
