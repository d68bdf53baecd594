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

// maxAnswer is how much of a receiver's answer is read, in bytes. It is thrown away; reading it lets the connection be
// used again.
const maxAnswer = 64 << 10

// outbound sends requests to addresses that users gave. It goes only to public addresses and allowed networks, checked on
// the resolved address when it connects, so that no name leads anywhere else; it follows no redirect, uses no proxy, and
// speaks http:// only inside the allowed networks.
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

// send sends a request, whose context bounds it, and returns the answer's status.
func (o *outbound) send(r *http.Request) (status int, err error) {
	answer, err := o.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// Do sends a request, whose context bounds it, and returns the answer without its body.
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
	// That the status came is what counts; a body that breaks off only costs the connection.
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer)
	_ = answer.Body.Close()
	answer.Body = http.NoBody
	return answer, nil
}
