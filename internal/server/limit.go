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

// Limiter limits the rate of requests per key (an address, a user) and allows bursts. It remembers
// a bounded number of keys. It forgets idle keys that have their whole burst again first.
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

// maxLimited is the maximum number of keys in a Limiter. It bounds the memory under an attack from
// many addresses.
const maxLimited = 50_000

// NewLimiter returns a Limiter of perMinute requests a minute per key and bursts of up to burst. A
// perMinute of 0 means no limit.
func NewLimiter(perMinute, burst int) *Limiter {
	return &Limiter{rate: rate.Limit(float64(perMinute) / 60), burst: burst, keys: map[string]*limited{}}
}

// NewHourlyLimiter returns a Limiter of perHour requests an hour per key, which may arrive at once.
func NewHourlyLimiter(perHour int) *Limiter {
	return &Limiter{rate: rate.Limit(float64(perHour) / 3600), burst: perHour, keys: map[string]*limited{}}
}

// Allow takes one request of a key's allowance. If none is left it returns code rate_limited with
// the time to wait.
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

// forget drops the keys that have their whole burst again. If too few are dropped, it drops
// arbitrary keys until half are left.
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

// ClientAddr returns the address of the client. Behind a trusted proxy, that is the nearest address
// in X-Forwarded-For that is not a trusted proxy. Otherwise it is the connection's address. An IPv6
// client is its /64, because one customer usually has a whole /64.
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
