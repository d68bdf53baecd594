package server

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"taskmaster/internal/task"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	l := NewLimiter(60, 2)
	for i := range 2 {
		if err := l.Allow("a", now); err != nil {
			t.Fatalf("request %d of the burst: %v", i+1, err)
		}
	}
	limited, ok := errors.AsType[*task.Error](l.Allow("a", now))
	if !ok || limited.Code != task.CodeRateLimited {
		t.Fatalf("got %+v, want rate_limited", limited)
	}
	if limited.RetryAfter <= 0 || limited.RetryAfter > time.Second {
		t.Errorf("retry after %v, want at most a second", limited.RetryAfter)
	}
	if err := l.Allow("b", now); err != nil {
		t.Errorf("another key: %v", err)
	}
	// The refused request used up nothing.
	if err := l.Allow("a", now.Add(time.Second)); err != nil {
		t.Errorf("a second later: %v", err)
	}
	unlimited := NewLimiter(0, 0)
	for range 10 {
		if err := unlimited.Allow("a", now); err != nil {
			t.Errorf("a rate of 0 limits: %v", err)
		}
	}
}

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	l := NewLimiter(60, 2)
	for i := range 2*maxLimited + 1 {
		if err := l.Allow(fmt.Sprint(i), now); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.keys) > maxLimited {
		t.Errorf("it remembers %d keys, want at most %d", len(l.keys), maxLimited)
	}
}

func TestClientAddr(t *testing.T) {
	t.Parallel()
	trusted, err := ParsePrefixes([]string{"127.0.0.0/8", "10.1.2.3/8"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, remote, forwarded, want string }{
		{"direct", "203.0.113.5:1234", "", "203.0.113.5"},
		{"a stranger's header is not believed", "203.0.113.5:1234", "198.51.100.1", "203.0.113.5"},
		{"behind a proxy", "127.0.0.1:1234", "198.51.100.1", "198.51.100.1"},
		{"behind two proxies", "127.0.0.1:1234", "198.51.100.1, 10.0.0.7", "198.51.100.1"},
		{"an address that the client added is ignored", "127.0.0.1:1234", "1.2.3.4, 198.51.100.1", "198.51.100.1"},
		{"nonsense ends the chain", "127.0.0.1:1234", "me", "127.0.0.1"},
		{"an IPv6 client is its network", "[2001:db8:1:2:3:4:5:6]:1234", "", "2001:db8:1:2::/64"},
		{"IPv4 in IPv6", "[::ffff:203.0.113.5]:1234", "", "203.0.113.5"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.remote
			if tt.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tt.forwarded)
			}
			if got := ClientAddr(r, trusted); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
