package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"

	"taskmaster/internal/server"
	"taskmaster/internal/task"
)

// maxBody is the largest body that passes, in bytes: a little more than the largest that anything behind takes, an import
// of 10 MiB, so that it is theirs to refuse what is too large.
const maxBody = 11 << 20

// retryAfter is what clients are told when nothing answers behind the edge.
const retryAfter = 2 * time.Second

// proxy passes requests on to one of the upstreams of a service.
func (w *web) proxy(service string, urls []string) (http.Handler, error) {
	upstreams, err := newUpstreams(service, urls, w.transport, w.now)
	if err != nil {
		return nil, err
	}
	p := &httputil.ReverseProxy{
		Rewrite:        w.rewrite,
		Transport:      upstreams,
		ModifyResponse: dropHeaders,
		ErrorLog:       slog.NewLogLogger(w.log.Handler(), slog.LevelDebug),
		ErrorHandler: func(rw http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil { // else the client is gone, or we are going
				server.WriteError(rw, r, w.log, upstreamProblem(rw, r, service, err))
			}
		},
	}
	return server.Handle(w.log, func(rw http.ResponseWriter, r *http.Request) error {
		// Whatever dots and slashes mean to those behind, they do not lead out of the prefix that was matched.
		if clean := path.Clean(r.URL.Path); clean != strings.TrimSuffix(r.URL.Path, "/") {
			return &server.StatusError{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the path is not in its shortest form"}
		}
		if r.ContentLength > maxBody {
			return errTooLarge
		}
		p.ServeHTTP(rw, withBody(r, http.MaxBytesReader(rw, r.Body, maxBody)))
		return nil
	}), nil
}

var errTooLarge = &server.StatusError{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: fmt.Sprintf("the body is larger than %d bytes", maxBody)}

// rewrite makes the request that goes on. Host stays: a cookie is only believed from a page of that host. What a client
// says of where it comes from is kept only if the client is a proxy of ours.
func (w *web) rewrite(pr *httputil.ProxyRequest) {
	fromProxy := w.fromProxy(pr.In)
	if fromProxy {
		pr.Out.Header["X-Forwarded-For"] = pr.In.Header["X-Forwarded-For"]
	}
	pr.SetXForwarded()
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto"} {
		if said := pr.In.Header.Get(name); fromProxy && said != "" {
			pr.Out.Header.Set(name, said)
		}
	}
	pr.Out.Host = pr.In.Host
	pr.Out.Header.Del("Dapr-Api-Token")
}

func (w *web) fromProxy(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, network := range w.trusted {
		if network.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// upstreamProblem is what a client is told when a request could not be passed on or was not answered.
func upstreamProblem(rw http.ResponseWriter, r *http.Request, service string, err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return errTooLarge
	}
	if errors.Is(err, errNoUpstream) {
		return task.RetryLater(task.CodeUnavailable, retryAfter, "%s cannot be reached, try again shortly", service)
	}
	// The request was on its way: whether anything was done is not known. A client that repeats a change because it is told when
	// to try again does it twice.
	unknown := ": whether anything was done is unknown"
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		unknown = ""
		rw.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	case r.Header.Get("Idempotency-Key") != "":
		unknown += ", send it again with the same Idempotency-Key, and it is done once"
		rw.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	default:
		unknown += ", look before you repeat it"
	}
	problem := &server.StatusError{Status: http.StatusBadGateway, Code: "bad_gateway", Detail: service + " broke off before it answered" + unknown}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		problem = &server.StatusError{Status: http.StatusGatewayTimeout, Code: "gateway_timeout", Detail: service + " did not answer in time" + unknown}
	}
	return fmt.Errorf("%w: %w", problem, err)
}

// stream ends a request that may go on for ever when the process stops, and lets run wait for it.
func (w *web) stream(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.streams.Add(1)
		defer w.streams.Done()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(w.stopping, cancel)() //nolint:contextcheck // it ends with the process, not with the request
		h.ServeHTTP(rw, r.WithContext(ctx))
	})
}
