package main

import (
	"context"
	"crypto/rand"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"taskmaster/internal/server"
	"taskmaster/internal/telemetry"
	"taskmaster/services/web/client"
	"taskmaster/services/web/proxy"
)

// pageFiles holds the templates and the static files of the pages.
//
//go:embed templates static
var pageFiles embed.FS

// service is the web service.
type service struct {
	cfg     config
	log     *slog.Logger
	tel     *telemetry.Telemetry
	now     func() time.Time
	trusted []netip.Prefix
	// transport connects to all upstreams. apis are the replicas of api.
	transport *http.Transport
	apis      *proxy.Upstreams
	// chats are the replicas of the assistant, or nil.
	chats   *proxy.Upstreams
	api     *client.API
	limits  *proxy.Limits
	streams *proxy.Streams
	// origins decides which pages may send forms.
	origins *server.Origins
	assets  *assets
	// version is the version of the page. It changes with the static files and templates.
	version   string
	templates templates
	notes     *notesRenderer
	// accountMark is a placeholder in the templates for the account of a page. It is random, so
	// that no text can contain it.
	accountMark string
	// workerScript is the script of the service worker.
	workerScript []byte
}

// newService returns the service. Its long-lived requests end with ctx.
func newService(ctx context.Context, cfg config, log *slog.Logger, now func() time.Time) (*service, error) {
	s := &service{
		cfg: cfg, log: log, now: now, transport: proxy.NewTransport(), streams: proxy.NewStreams(ctx),
		notes: newNotesRenderer(), accountMark: rand.Text(),
	}
	var err error
	if s.trusted, err = server.ParsePrefixes(cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	trusting := cfg.Telemetry("web", log)
	trusting.Trusts = func(r *http.Request) bool { return proxy.IsTrusted(r, s.trusted) }
	if s.tel, err = telemetry.New(ctx, trusting); err != nil {
		return nil, err
	}
	s.limits = proxy.NewLimits(cfg.RatePerMinuteAddress, cfg.RatePerMinuteUser, s.trusted, now)
	if s.apis, err = s.upstreams("api", cfg.APIURLs, cfg.APIFallbackURLs...); err != nil {
		return nil, err
	}
	s.api = client.New(s.apis, s.trusted)
	if cfg.AssistantURL != "" {
		if s.chats, err = s.upstreams("assistant", []string{cfg.AssistantURL}); err != nil {
			return nil, err
		}
	}
	if s.origins, err = server.NewOrigins(cfg.PublicURL); err != nil {
		return nil, fmt.Errorf("PUBLIC_URL: %w", err)
	}
	return s, s.loadPages(pageFiles)
}

// loadPages reads the templates and static files.
func (s *service) loadPages(files fs.FS) (err error) {
	if s.assets, err = newAssets(files); err != nil {
		return err
	}
	if s.version, err = newVersion(s.assets, files); err != nil {
		return err
	}
	if s.workerScript, err = newWorkerScript(s.assets, s.version); err != nil {
		return err
	}
	s.templates, err = newTemplates(files, s.assets, s.version, s.accountMark)
	return err
}

// upstreams returns the replicas of another service.
func (s *service) upstreams(name string, urls []string, fallbacks ...string) (*proxy.Upstreams, error) {
	return proxy.NewUpstreams(name, urls, fallbacks, s.tel.Transport(s.transport), s.now)
}

// run serves until ctx is cancelled.
func run(ctx context.Context, cfg config, ln net.Listener, log *slog.Logger) error {
	s, err := newService(ctx, cfg, log, time.Now)
	if err != nil {
		return err
	}
	defer s.tel.Close(ctx)
	defer s.transport.CloseIdleConnections()
	if cfg.TLSCertFile != "" {
		if ln, err = proxy.ListenTLS(ln, cfg.TLSCertFile, cfg.TLSKeyFile, log, time.Now); err != nil {
			return err
		}
	}
	handler, err := s.handler()
	if err != nil {
		return err
	}
	if cfg.PageDir != "" {
		log.InfoContext(ctx, "pages from disk", "dir", cfg.PageDir)
		handler = &reloader{service: *s, files: os.DirFS(cfg.PageDir)}
	}
	metrics, err := s.listenForMetrics(ctx)
	if err != nil {
		return err
	}
	// The HTTP server does not wait for WebSockets.
	defer s.streams.Wait()
	g, ctx := errgroup.WithContext(ctx)
	if metrics != nil {
		mux := http.NewServeMux()
		// Prometheus
		mux.Handle("GET "+telemetry.MetricsPath, s.tel.MetricsHandler())
		g.Go(func() error { return server.Serve(ctx, metrics, mux, log) })
	}
	g.Go(func() error { return server.Serve(ctx, ln, handler, log) })
	return g.Wait()
}

// listenForMetrics listens on the address of the metrics. They have one of their own, because the other
// one is public. It returns nil if none is set.
func (s *service) listenForMetrics(ctx context.Context) (net.Listener, error) {
	if s.cfg.MetricsAddr == "" {
		return nil, nil
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("METRICS_ADDR: %w", err)
	}
	return ln, nil
}
