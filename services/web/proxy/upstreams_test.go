package proxy

import (
	"strings"
	"testing"
	"time"
)

func TestReplicaThatIsBackIsUsed(t *testing.T) {
	t.Parallel()
	now := time.Now()
	u, err := NewUpstreams("api", []string{"http://one", "http://two", "http://three"}, nil, nil, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	hosts := func() string {
		var out []string
		for _, r := range u.order() {
			out = append(out, r.url.Host)
		}
		return strings.Join(out, " ")
	}
	u.replicas[1].rests.Store(now.Add(restTime).UnixNano())
	for i, want := range []string{"three one two", "three one two", "one three two"} {
		if got := hosts(); i > 0 && got != want {
			t.Errorf("turn %d: got %s, want %s", i, got, want)
		}
	}
	now = now.Add(restTime)
	if got, want := hosts(), "two three one"; got != want {
		t.Errorf("after its rest got %s, want %s", got, want)
	}
}

func TestUpstreamURLs(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{"http://api:8080": true, "http://api:8080/": true, "http://api:8080/base": false} {
		if _, err := NewUpstreams("api", []string{raw}, nil, nil, time.Now); (err == nil) != ok {
			t.Errorf("%s: got %v, want accepted: %t", raw, err, ok)
		}
		if _, err := NewUpstreams("api", nil, []string{raw}, nil, time.Now); (err == nil) != ok {
			t.Errorf("fallback %s: got %v, want accepted: %t", raw, err, ok)
		}
	}
}
