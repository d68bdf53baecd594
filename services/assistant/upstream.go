package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// dialTimeout is how long a connection to an address of api may take. After it, the next address is tried.
const dialTimeout = 2 * time.Second

// errNoUpstream is the error when no address of api can be reached. Nothing was sent then.
var errNoUpstream = errors.New("api cannot be reached")

// upstream sends requests to the first address of api that accepts a connection.
type upstream struct {
	addresses []*url.URL
	transport *http.Transport
}

func newUpstream(urls []string) (*upstream, error) {
	u := &upstream{transport: &http.Transport{
		DialContext:     (&net.Dialer{Timeout: dialTimeout}).DialContext,
		IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 32, ResponseHeaderTimeout: turnTimeout,
	}}
	for _, text := range urls {
		address, err := url.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("API_URLS: %w", err)
		}
		u.addresses = append(u.addresses, address)
	}
	return u, nil
}

// RoundTrip sends a request. It tries the next address only if no connection was made, so that nothing is
// sent twice.
func (u *upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, address := range u.addresses {
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host = address.Scheme, address.Host
		if r.GetBody != nil {
			body, err := r.GetBody()
			if err != nil {
				return nil, fmt.Errorf("read the body again: %w", err)
			}
			out.Body = body
		}
		res, err := u.transport.RoundTrip(out)
		if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" && r.Context().Err() == nil {
			continue
		}
		return res, err
	}
	return nil, errNoUpstream
}

// CloseIdleConnections closes the connections that no request uses.
func (u *upstream) CloseIdleConnections() { u.transport.CloseIdleConnections() }
