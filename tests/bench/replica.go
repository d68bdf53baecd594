package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"taskmaster/internal/outbox"
	"taskmaster/internal/postgres"
	"taskmaster/internal/sidecar"
	"taskmaster/tests/system"
)

// relayConns and claims are the connections and claims of a relay in api.
const (
	relayConns = 24
	claims     = relayConns * 2 / 3
)

// sidecarOfAPI returns a client of the sidecar through which api publishes.
func (b *bench) sidecarOfAPI() (*sidecar.Client, error) {
	api, err := b.Process(system.RoleService, "api", 1)
	if err != nil {
		return nil, err
	}
	grpcPort, err := portOf(api.DaprGRPC)
	if err != nil {
		return nil, err
	}
	httpPort, err := portOf(api.DaprHTTP)
	if err != nil {
		return nil, err
	}
	var secrets struct {
		DaprAPIToken string `json:"dapr_api_token"`
	}
	raw, err := os.ReadFile(filepath.Join(b.Dir, "secrets.json"))
	if err == nil {
		err = json.Unmarshal(raw, &secrets)
	}
	if err != nil {
		return nil, fmt.Errorf("read the sidecars' token: %w", err)
	}
	return sidecar.New(grpcPort, httpPort, cmp.Or(os.Getenv("DAPR_API_TOKEN"), secrets.DaprAPIToken))
}

func portOf(address string) (int, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// startRelay starts a relay on a database, which shares the work with other relays. stop ends it.
func startRelay(ctx context.Context, db *postgres.DB, publish outbox.Publish) (r *outbox.Relay, stop func() error) {
	r = outbox.New(outbox.Config{
		DB: db, Publish: publish, Claims: claims, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Now: time.Now,
		Metrics: prometheus.NewRegistry(),
	})
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	return r, func() error {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			return fmt.Errorf("run relay: %w", err)
		}
		return nil
	}
}

// end calls stop, and returns its error through err unless err is set.
func end(stop func() error, err *error) {
	if stopErr := stop(); *err == nil {
		*err = stopErr
	}
}
