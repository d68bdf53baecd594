package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// certificateAge is for how long a certificate is used before its files are read again.
const certificateAge = time.Minute

// certificate is the edge's own. Whoever renews it replaces its files, and does not tell.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	read    time.Time
}

// get returns the certificate as its files have it, or had it while they could be used.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.current != nil && now.Sub(c.read) < certificateAge {
		return c.current, nil
	}
	c.read = now
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	switch {
	case err == nil:
		c.current = &loaded
	case c.current == nil:
		return nil, fmt.Errorf("read the certificate: %w", err)
	default:
		c.log.Error("keeping the old certificate", "error", err)
	}
	return c.current, nil
}

// listenTLS makes ln speak TLS, and nothing else, when there is a certificate.
func (w *web) listenTLS(ln net.Listener) (net.Listener, error) {
	if w.cfg.TLSCertFile == "" {
		return ln, nil
	}
	c := &certificate{certFile: w.cfg.TLSCertFile, keyFile: w.cfg.TLSKeyFile, log: w.log, now: w.now}
	if _, err := c.get(nil); err != nil {
		return nil, err
	}
	return tls.NewListener(ln, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: c.get,
	}), nil
}
