package proxy

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
	// answerTimeout bounds the wait for the start of a response. The assistant may need a while.
	answerTimeout = 2 * time.Minute
	// restTime is the time for which an unreachable upstream is used only as a last resort.
	restTime = time.Second
)

// ErrNoUpstream means that no upstream could be reached, so the request was not sent.
var ErrNoUpstream = errors.New("no upstream can be reached")

// Upstreams distributes requests over the replicas of a service. It is an http.RoundTripper.
type Upstreams struct {
	service   string
	replicas  []*replica
	fallbacks []*replica // used when no replica can be reached
	turn      atomic.Uint64
	transport http.RoundTripper
	now       func() time.Time
}

type replica struct {
	url *url.URL
	// rests is the end of the replica's rest in Unix nanoseconds.
	rests atomic.Int64
}

// NewUpstreams returns the upstreams of a service. A request goes to a fallback only when no replica
// can be reached. The URLs must have no path.
func NewUpstreams(service string, urls, fallbacks []string, transport http.RoundTripper, now func() time.Time) (*Upstreams, error) {
	u := &Upstreams{service: service, transport: transport, now: now}
	var err error
	if u.replicas, err = newReplicas(service, urls); err != nil {
		return nil, err
	}
	if u.fallbacks, err = newReplicas(service, fallbacks); err != nil {
		return nil, err
	}
	return u, nil
}

func newReplicas(service string, urls []string) ([]*replica, error) {
	var replicas []*replica
	for _, raw := range urls {
		parsed, err := url.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("parse URL of %s: %w", service, err)
		}
		if parsed.Path != "" && parsed.Path != "/" {
			return nil, fmt.Errorf("the URL of %s, %s, has a path, which requests would lose", service, raw)
		}
		replicas = append(replicas, &replica{url: parsed})
	}
	return replicas, nil
}

// NewTransport returns a transport for Upstreams.
func NewTransport() *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: answerTimeout,
		MaxIdleConnsPerHost:   128,
		// Shorter than the time that a stopping replica still serves. A request on a connection
		// that the replica closes would fail, although it may have been processed.
		IdleConnTimeout: 5 * time.Second,
		// Bodies pass unchanged.
		DisableCompression: true,
	}
}

// RoundTrip sends a request to the next replica. It tries another replica only when no connection
// could be made, so that no request is sent twice. After the last replica it returns ErrNoUpstream.
func (u *Upstreams) RoundTrip(r *http.Request) (*http.Response, error) {
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
	return nil, fmt.Errorf("%w: %w", ErrNoUpstream, errors.Join(failed...))
}

// order returns all replicas, starting with the next one, and then the fallbacks. Resting ones come
// last.
func (u *Upstreams) order() []*replica {
	n := uint64(len(u.replicas))
	first := u.turn.Add(1)
	now := u.now().UnixNano()
	ready, resting := make([]*replica, 0, n), []*replica(nil)
	add := func(r *replica) {
		if r.rests.Load() > now {
			resting = append(resting, r)
		} else {
			ready = append(ready, r)
		}
	}
	for i := range n {
		add(u.replicas[(first+i)%n])
	}
	for _, r := range u.fallbacks {
		add(r)
	}
	return append(ready, resting...)
}

// request returns r addressed to the replica. A transport closes the body even of a request that it
// could not send. This body stays open for the next replica, and ReverseProxy closes it.
func (rp *replica) request(r *http.Request) *http.Request {
	out := r.WithContext(r.Context())
	target := *r.URL
	target.Scheme, target.Host = rp.url.Scheme, rp.url.Host
	out.URL = &target
	if r.Body != nil {
		out.Body = io.NopCloser(r.Body)
	}
	return out
}
