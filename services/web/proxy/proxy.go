// Package proxy is the public entrance of the system. It forwards requests to the replicas of the
// services. It also limits request rates and slow clients, decides which headers to trust and to set,
// and serves TLS.
//
//	client ── ListenTLS ── WithDeadlines ── WithHeaders ── Limits ─┬─ New ── Upstreams ── replica
//	                                                              └─ the pages
package proxy

import (
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

// MaxBody is the largest body that passes, in bytes. It is slightly larger than the largest body
// that any service accepts, an import of 10 MiB. The service can then refuse larger bodies itself.
const MaxBody = 11 << 20

// RetryAfter is the Retry-After of a response when no upstream is reachable.
const RetryAfter = 2 * time.Second

// New returns a handler that forwards requests to upstreams. It trusts the X-Forwarded headers of
// the networks in trusted.
func New(upstreams *Upstreams, trusted []netip.Prefix, log *slog.Logger) http.Handler {
	security := SecurityHeaders()
	p := &httputil.ReverseProxy{
		Rewrite:   func(pr *httputil.ProxyRequest) { rewrite(pr, trusted) },
		Transport: upstreams,
		ModifyResponse: func(res *http.Response) error {
			dropHeaders(res.Header, security)
			return nil
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil { // otherwise the client has gone or the process is stopping
				server.WriteError(w, r, log, upstreamProblem(w, r, upstreams.service, err))
			}
		},
	}
	return server.Handle(log, func(w http.ResponseWriter, r *http.Request) error {
		// A path with dots or double slashes could leave the matched prefix on its way through the
		// services.
		if clean := path.Clean(r.URL.Path); clean != strings.TrimSuffix(r.URL.Path, "/") {
			return &server.StatusError{Status: http.StatusBadRequest, Code: "bad_request", Detail: "the path is not in its shortest form"}
		}
		if r.ContentLength > MaxBody {
			return tooLarge()
		}
		p.ServeHTTP(w, withBody(r, http.MaxBytesReader(w, r.Body, MaxBody)))
		return nil
	})
}

func tooLarge() error {
	return &server.StatusError{
		Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: fmt.Sprintf("the body is larger than %d bytes", MaxBody),
	}
}

// rewrite prepares the forwarded request. It keeps Host, because the services accept a cookie only
// from pages of that host. It keeps the X-Forwarded headers only if a trusted proxy sent them.
func rewrite(pr *httputil.ProxyRequest, trusted []netip.Prefix) {
	fromProxy := IsTrusted(pr.In, trusted)
	if fromProxy {
		pr.Out.Header["X-Forwarded-For"] = pr.In.Header["X-Forwarded-For"]
	}
	pr.SetXForwarded()
	for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Proto"} {
		if value := pr.In.Header.Get(name); fromProxy && value != "" {
			pr.Out.Header.Set(name, value)
		}
	}
	pr.Out.Host = pr.In.Host
	pr.Out.Header.Del("Dapr-Api-Token")
}

// IsTrusted reports whether the peer that sent a request is in one of the networks.
func IsTrusted(r *http.Request, trusted []netip.Prefix) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, network := range trusted {
		if network.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// upstreamProblem returns the error for a request that could not be forwarded or got no response.
func upstreamProblem(w http.ResponseWriter, r *http.Request, service string, err error) error {
	if errors.As(err, new(*http.MaxBytesError)) {
		return tooLarge()
	}
	if errors.Is(err, ErrNoUpstream) {
		return task.RetryLater(task.CodeUnavailable, RetryAfter, "%s cannot be reached, try again shortly", service)
	}
	// The request was sent, so its outcome is unknown. With Retry-After, a client would repeat the
	// change and make it twice.
	unknown := ": whether anything was done is unknown"
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		unknown = ""
		w.Header().Set("Retry-After", strconv.Itoa(int(RetryAfter.Seconds())))
	case r.Header.Get("Idempotency-Key") != "":
		unknown += ", send it again with the same Idempotency-Key, and it is done once"
		w.Header().Set("Retry-After", strconv.Itoa(int(RetryAfter.Seconds())))
	default:
		unknown += ", look before you repeat it"
	}
	problem := &server.StatusError{Status: http.StatusBadGateway, Code: "bad_gateway", Detail: service + " broke off before it answered" + unknown}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		problem = &server.StatusError{Status: http.StatusGatewayTimeout, Code: "gateway_timeout", Detail: service + " did not answer in time" + unknown}
	}
	return fmt.Errorf("%w: %w", problem, err)
}
