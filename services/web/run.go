package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"taskmaster/internal/server"
)

// web is the service.
type web struct {
	cfg     config
	log     *slog.Logger
	now     func() time.Time
	trusted []netip.Prefix
	// addresses and credentials limit requests by who sends them; nil is no limit.
	addresses, credentials *server.Limiter
	transport              *http.Transport
	// api is a client of api's replicas, origins tells whose pages may send forms.
	api     *http.Client
	origins *server.Origins
	assets  *assets
	// version is that of the page, which changes with its files and templates.
	version   string
	templates templates
	// accountMark stands in the templates for the account that a page is made for. Nobody can guess it and put it into a text.
	accountMark string
	// workerScript is the service worker.
	workerScript []byte
	// stopping ends when what streams has to end; streams counts what has not.
	stopping context.Context
	streams  sync.WaitGroup
}

// newWeb makes the service, whose streams end with ctx.
func newWeb(ctx context.Context, cfg config, log *slog.Logger, now func() time.Time) (*web, error) {
	w := &web{
		cfg: cfg, log: log, now: now, stopping: ctx, transport: newTransport(),
		accountMark: rand.Text(),
		addresses:   newLimiter(cfg.RatePerMinuteAddress), credentials: newLimiter(cfg.RatePerMinuteUser),
	}
	var err error
	if w.trusted, err = server.ParsePrefixes(cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	upstreams, err := newUpstreams("api", cfg.APIURLs, w.transport, now)
	if err != nil {
		return nil, err
	}
	w.api = &http.Client{Transport: upstreams}
	if w.origins, err = server.NewOrigins(cfg.PublicURL); err != nil {
		return nil, fmt.Errorf("PUBLIC_URL: %w", err)
	}
	if w.assets, err = newAssets(); err != nil {
		return nil, err
	}
	if w.version, err = newVersion(w.assets, templateFiles); err != nil {
		return nil, err
	}
	if w.workerScript, err = newWorkerScript(w.assets, w.version); err != nil {
		return nil, err
	}
	w.templates, err = newTemplates(w.assets, w.version, w.accountMark)
	return w, err
}

// run serves until ctx ends.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	w, err := newWeb(ctx, cfg, log, time.Now)
	if err != nil {
		return err
	}
	defer w.transport.CloseIdleConnections()
	if ln, err = w.listenTLS(ln); err != nil {
		return err
	}
	handler, err := w.handler()
	if err != nil {
		return err
	}
	// The server does not wait for what has become a WebSocket.
	defer w.streams.Wait()
	return server.Serve(ctx, ln, handler, log)
}
