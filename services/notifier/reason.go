package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// errNotPublic reports an address in a network that messages must not reach.
var errNotPublic = errors.New("the address is not public")

// unreached returns the failure of a request or connection without an answer. Errors of net contain
// our own addresses, so their text is never shown. Errors of net/http contain the URL, which may be
// a secret, so it is not logged either.
func unreached(ctx context.Context, err error) *failure {
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		err = withURL.Err
	}
	failed := unreachedFor(ctx, err)
	failed.cause = err
	return failed
}

func unreachedFor(ctx context.Context, err error) *failure {
	if errors.Is(err, errNotPublic) {
		return &failure{reason: "its host is not on the public Internet, or its URL is http:// instead of https://", permanent: true}
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return &failure{reason: "its host name does not exist"}
		}
		return &failure{reason: "its host name could not be resolved"}
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

// answered returns the failure for a status other than success.
func answered(status int) *failure {
	if status >= 300 && status < 400 {
		return &failure{reason: fmt.Sprintf("it answered %d; redirects are not followed", status)}
	}
	text := http.StatusText(status)
	if text != "" {
		text = " " + text
	}
	return &failure{reason: fmt.Sprintf("it answered %d%s", status, text)}
}
