package main

import (
	"context"
	"log/slog"
	"net"

	"taskmaster/internal/server"
	"taskmaster/internal/sidecar"
)

// recurring is what the routes share.
type recurring struct {
	cfg config
	log *slog.Logger
	// invoke calls a method of another app, as sidecar.Client.Invoke does.
	invoke func(ctx context.Context, appID, method string, body any) error
}

// run serves until ctx ends.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	client, err := sidecar.New(cfg.DaprGRPCPort, cfg.DaprHTTPPort, cfg.DaprAPIToken)
	if err != nil {
		return err
	}
	defer client.Close()
	r := &recurring{cfg: cfg, log: log, invoke: client.Invoke}
	return server.Serve(ctx, ln, r.routes(), log)
}
