package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// maxAnswer is how much of a receiver's answer is read, in bytes. The answer is discarded. Reading
// it lets the connection be reused.
const maxAnswer = 64 << 10

// outbound sends requests to addresses of users. It connects only to public addresses and allowed
// networks. It checks the resolved address of each connection, so that no name leads elsewhere. It
// follows no redirects, uses no proxy, and uses http:// only inside the allowed networks.
type outbound struct {
	secure, plain *http.Client
}

func newOutbound(allowed []netip.Prefix) *outbound {
	return &outbound{
		secure: newClient(func(a netip.Addr) bool { return isPublic(a) || contains(allowed, a) }),
		plain:  newClient(func(a netip.Addr) bool { return contains(allowed, a) }),
	}
}

func newClient(reachable func(netip.Addr) bool) *http.Client {
	dialer := &net.Dialer{
		Timeout: 5 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("parse address: %w", err)
			}
			if !reachable(to.Addr().Unmap().WithZone("")) {
				return errNotPublic
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

// Do sends a request and returns the answer without its body. The request's context bounds it.
func (o *outbound) Do(r *http.Request) (*http.Response, error) {
	client := o.secure
	if r.URL.Scheme != "https" {
		client = o.plain
	}
	r.Header.Set("User-Agent", "TaskMaster")
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	// Only the status matters. A truncated body only costs the connection.
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer)
	_ = answer.Body.Close()
	answer.Body = http.NoBody
	return answer, nil
}
