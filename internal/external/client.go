// Package external sends requests to addresses that users and strangers name: webhooks, push services
// and the documents of OAuth clients. Such an address must not lead into our own network.
package external

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrNotPublic reports an address in a network that requests must not reach.
var ErrNotPublic = errors.New("the address is not public")

// NewClient returns a client that connects only to reachable addresses. It checks the resolved address
// of each connection, so that no name leads elsewhere. It follows no redirects and uses no proxy.
func NewClient(reachable func(netip.Addr) bool) *http.Client {
	dialer := &net.Dialer{
		Timeout: 5 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("parse address: %w", err)
			}
			if !reachable(to.Addr().Unmap().WithZone("")) {
				return ErrNotPublic
			}
			return nil
		},
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxIdleConns:           100,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
