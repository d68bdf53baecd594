package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	dialTimeout = 2 * time.Second
	// answerTimeout bounds the wait for an answer to begin; an assistant thinks for a while.
	answerTimeout = 2 * time.Minute
	// restTime is how long an upstream that could not be reached is asked only when no other can be.
	restTime = time.Second
)

// errNoUpstream means that no upstream could be reached: the request was surely not sent.
var errNoUpstream = errors.New("no upstream can be reached")

// upstreams sends requests to the replicas of a service in turn. It is an http.RoundTripper.
type upstreams struct {
	service   string
	replicas  []*replica
	turn      atomic.Uint64
	transport http.RoundTripper
	now       func() time.Time
}

type replica struct {
	url *url.URL
	// rests is until when it is not to be asked first, in Unix nanoseconds.
	rests atomic.Int64
}

func newUpstreams(service string, urls []string, transport http.RoundTripper, now func() time.Time) (*upstreams, error) {
	u := &upstreams{service: service, transport: transport, now: now}
	for _, raw := range urls {
		parsed, err := url.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("parse URL of %s: %w", service, err)
		}
		if parsed.Path != "" && parsed.Path != "/" {
			return nil, fmt.Errorf("the URL of %s, %s, has a path, which requests would lose", service, raw)
		}
		u.replicas = append(u.replicas, &replica{url: parsed})
	}
	return u, nil
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: answerTimeout,
		MaxIdleConnsPerHost:   128,
		// Shorter than what a replica that stops goes on serving for: a connection that it closes while a request is put on it
		// would fail a request that may have been done.
		IdleConnTimeout: 5 * time.Second,
		// Bodies pass as they are.
		DisableCompression: true,
	}
}

// RoundTrip sends a request to the replica whose turn it is. Only when no connection could be made, so that surely nothing
// was sent, the next is tried; after the last the error is errNoUpstream.
func (u *upstreams) RoundTrip(r *http.Request) (*http.Response, error) {
	var failed []error
	for _, replica := range u.order() {
		res, err := u.transport.RoundTrip(replica.request(r))
		if err == nil {
			replica.rests.Store(0)
			return res, nil
		}
		if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "dial" || r.Context().Err() != nil {
			return nil, fmt.Errorf("pass on to %s at %s: %w", u.service, replica.url.Host, err)
		}
		replica.rests.Store(u.now().Add(restTime).UnixNano())
		failed = append(failed, err)
	}
	return nil, fmt.Errorf("%w: %w", errNoUpstream, errors.Join(failed...))
}

// order returns all replicas: from the next turn on those that do not rest, then the others.
func (u *upstreams) order() []*replica {
	n := uint64(len(u.replicas))
	first := u.turn.Add(1)
	now := u.now().UnixNano()
	ready, resting := make([]*replica, 0, n), []*replica(nil)
	for i := range n {
		replica := u.replicas[(first+i)%n]
		if replica.rests.Load() > now {
			resting = append(resting, replica)
		} else {
			ready = append(ready, replica)
		}
	}
	return append(ready, resting...)
}

// request returns r as it goes to the replica. A transport closes the body also of a request that it could not send; this
// one's stays open for the next replica, and ReverseProxy closes it.
func (p *replica) request(r *http.Request) *http.Request {
	out := r.WithContext(r.Context())
	target := *r.URL
	target.Scheme, target.Host = p.url.Scheme, p.url.Host
	out.URL = &target
	if r.Body != nil {
		out.Body = io.NopCloser(r.Body)
	}
	return out
}
