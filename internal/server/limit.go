package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"taskmaster/internal/task"
)

// Limiter allows each key (an address, a user) a rate of requests with a burst. It remembers a bounded number of keys: a
// key that has been idle long enough to have its whole burst again is forgotten first.
type Limiter struct {
	rate  rate.Limit
	burst int

	mu   sync.Mutex
	keys map[string]*limited
}

type limited struct {
	limiter *rate.Limiter
	seen    time.Time
}

// maxLimited is how many keys a Limiter remembers.
const maxLimited = 50_000

// NewLimiter makes a Limiter of perMinute requests a minute per key and bursts of up to burst; 0 a minute is any number.
func NewLimiter(perMinute, burst int) *Limiter {
	return &Limiter{rate: rate.Limit(float64(perMinute) / 60), burst: burst, keys: map[string]*limited{}}
}

// Allow takes one request of a key's allowance. When there is none left it returns code rate_limited with the time to wait.
func (l *Limiter) Allow(key string, now time.Time) error {
	if l.rate == 0 {
		return nil
	}
	l.mu.Lock()
	k, ok := l.keys[key]
	if !ok {
		if len(l.keys) >= maxLimited {
			l.forget(now)
		}
		k = &limited{limiter: rate.NewLimiter(l.rate, l.burst)}
		l.keys[key] = k
	}
	k.seen = now
	l.mu.Unlock()

	reservation := k.limiter.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return task.RetryLater(task.CodeRateLimited, wait, "too many requests, try again in %d seconds", int(wait.Seconds())+1)
	}
	return nil
}

// forget drops keys that have regained their burst, and if there are none, any one in two.
func (l *Limiter) forget(now time.Time) {
	full := time.Duration(float64(l.burst) / float64(l.rate) * float64(time.Second))
	for key, k := range l.keys {
		if now.Sub(k.seen) > full {
			delete(l.keys, key)
		}
	}
	for key := range l.keys {
		if len(l.keys) <= maxLimited/2 {
			return
		}
		delete(l.keys, key)
	}
}

// ClientAddr returns the address of whoever sent the request: the nearest one in X-Forwarded-For that is not a trusted
// proxy, if the connection itself comes from one, else the connection's. An IPv6 client is its /64, which is what one
// person is given.
func ClientAddr(r *http.Request, trusted []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(addr, trusted); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

func isTrusted(addr netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// ParsePrefixes reads networks in CIDR form, such as 10.0.0.0/8.
func ParsePrefixes(list []string) ([]netip.Prefix, error) {
	prefixes := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, task.Errorf(task.CodeInvalid, "%q is not a network such as 10.0.0.0/8", s)
		}
		prefixes = append(prefixes, p.Masked())
	}
	return prefixes, nil
}
