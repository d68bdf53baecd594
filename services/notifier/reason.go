package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"taskmaster/internal/external"
)

// unreached returns the failure of a request or connection without an answer. Errors of net contain
// our own addresses, so their text is never shown. Errors of net/http contain the URL, which may be
// a secret, so it is not logged either.
func unreached(ctx context.Context, err error) *failure {
	literal := false
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		if to, parseErr := url.Parse(withURL.URL); parseErr == nil {
			_, parseErr = netip.ParseAddr(to.Hostname())
			literal = parseErr == nil
		}
		err = withURL.Err
	}
	failed := unreachedFor(ctx, err)
	failed.permanent = failed.permanent && literal
	failed.cause = err
	return failed
}

// notPublic is the reason for every name that leads to no public address, whether it exists or not.
// All such names are tried equally often. Otherwise anybody could find out which names exist in our
// network.
const notPublic = "its host is not on the public Internet, or its URL is http:// instead of https://"

func unreachedFor(ctx context.Context, err error) *failure {
	if errors.Is(err, external.ErrNotPublic) {
		return &failure{reason: notPublic, permanent: true}
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return &failure{reason: notPublic}
	}
	timeout, isNet := errors.AsType[net.Error](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, isHandshake := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case ctx.Err() != nil, isNet && timeout.Timeout():
		return &failure{reason: "it did not answer in time"}
	case isCertificate:
		return &failure{reason: "its TLS certificate is not valid"}
	case isHandshake, errors.Is(err, http.ErrSchemeMismatch):
		return &failure{reason: "it does not speak TLS"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &failure{reason: "it refused the connection"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &failure{reason: "it closed the connection without an answer"}
	}
	return &failure{reason: "it could not be reached"}
}

// maxRetryAfter is the longest wait that a receiver may ask for. A longer one would keep a reminder that
// nobody needs any more.
const maxRetryAfter = 24 * time.Hour

// retryAfter returns the wait that an answer asks for (RFC 9110 section 10.2.3), up to maxRetryAfter. Only
// 429 and 503 mean that the receiver takes the message later.
func retryAfter(answer *http.Response) time.Duration {
	if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	text := answer.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, int64(maxRetryAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(time.Until(at), 0), maxRetryAfter)
}

// answered returns the failure for an answer other than success.
func answered(answer *http.Response) *failure {
	status := answer.StatusCode
	if status >= 300 && status < 400 {
		return &failure{reason: fmt.Sprintf("it answered %d; redirects are not followed", status)}
	}
	text := http.StatusText(status)
	if text != "" {
		text = " " + text
	}
	return &failure{reason: fmt.Sprintf("it answered %d%s", status, text), retryAfter: retryAfter(answer)}
}
