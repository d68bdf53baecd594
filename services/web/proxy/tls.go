package proxy

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// certificateAge is the interval at which the certificate files are read again.
const certificateAge = time.Minute

// certificate is web's own certificate. It is renewed by replacing its files, without any signal to
// the process.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	read    time.Time
}

// get returns the certificate in the files. If they cannot be read, it returns the last one that
// could.
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
		c.log.Error("certificate reload failed", "error", err)
	}
	return c.current, nil
}

// ListenTLS wraps ln with TLS. Plain HTTP is refused. The certificate is in PEM files, which are read
// again when they change.
func ListenTLS(ln net.Listener, certFile, keyFile string, log *slog.Logger, now func() time.Time) (net.Listener, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, now: now}
	if _, err := c.get(nil); err != nil {
		return nil, err
	}
	return tls.NewListener(ln, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: c.get,
	}), nil
}
