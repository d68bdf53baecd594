package main

import (
	"io"
	"net/http"
	"net/netip"

	"taskmaster/internal/external"
)

// maxAnswer is how much of a receiver's answer is read, in bytes. The answer is discarded. Reading
// it lets the connection be reused.
const maxAnswer = 64 << 10

// outbound sends requests to addresses of users. It connects only to public addresses and allowed
// networks, and uses http:// only inside the allowed networks.
type outbound struct {
	secure, plain *http.Client
}

func newOutbound(allowed []netip.Prefix) *outbound {
	return &outbound{
		secure: external.NewClient(func(a netip.Addr) bool { return external.IsPublic(a) || external.Contains(allowed, a) }),
		plain:  external.NewClient(func(a netip.Addr) bool { return external.Contains(allowed, a) }),
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
