package proxy

import (
	"crypto/sha256"
	"net/http"
	"net/netip"
	"time"

	"taskmaster/internal/account"
	"taskmaster/internal/server"
)

// Limits bounds the request rates of addresses, and of sessions and API tokens.
type Limits struct {
	// addresses and credentials are nil without a limit.
	addresses, credentials *server.Limiter
	trusted                []netip.Prefix
	now                    func() time.Time
}

// NewLimits returns Limits of so many requests per minute. 0 means no limit.
// server.ClientAddr finds the address of a request behind the trusted networks.
func NewLimits(perAddress, perCredential int, trusted []netip.Prefix, now func() time.Time) *Limits {
	return &Limits{addresses: newLimiter(perAddress), credentials: newLimiter(perCredential), trusted: trusted, now: now}
}

// newLimiter returns a limiter that allows a burst of fifteen seconds' worth of requests. It
// returns nil for perMinute 0, which means no limit.
func newLimiter(perMinute int) *server.Limiter {
	if perMinute == 0 {
		return nil
	}
	return server.NewLimiter(perMinute, perMinute/4+1)
}

// Allow counts a request. It refuses the request with code rate_limited when the rate of its
// address or of its credential is exceeded. The address is checked first, so that invented
// credentials count against their sender's address.
func (l *Limits) Allow(r *http.Request) error {
	now := l.now()
	if l.addresses != nil {
		if err := l.addresses.Allow(server.ClientAddr(r, l.trusted), now); err != nil {
			return err
		}
	}
	if key := credentialKey(r); l.credentials != nil && key != "" {
		return l.credentials.Allow(key, now)
	}
	return nil
}

// credentialKey returns a hash of the API token or session of a request, or "" without one.
func credentialKey(r *http.Request) string {
	credential := r.Header.Get("Authorization")
	if credential == "" {
		if cookie := account.SessionCookie(r); cookie != nil {
			credential = cookie.Value
		}
	}
	if credential == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(credential))
	return string(sum[:])
}
