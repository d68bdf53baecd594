package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"taskmaster/internal/postgres"
)

func TestIsPublic(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"8.8.8.8":                true,
		"1.1.1.1":                true,
		"172.15.255.255":         true,
		"172.32.0.0":             true,
		"2606:4700:4700::1111":   true,
		"64:ff9b::808:808":       true,
		"0.0.0.0":                false,
		"0.1.2.3":                false,
		"10.0.0.1":               false,
		"100.64.0.1":             false,
		"100.100.100.200":        false,
		"127.0.0.1":              false,
		"127.255.255.254":        false,
		"168.63.129.16":          false,
		"169.254.169.254":        false,
		"172.16.0.1":             false,
		"172.31.255.255":         false,
		"192.0.0.192":            false,
		"192.0.2.1":              false,
		"192.168.1.1":            false,
		"198.18.0.1":             false,
		"198.51.100.1":           false,
		"203.0.113.1":            false,
		"224.0.0.1":              false,
		"239.255.255.255":        false,
		"240.0.0.1":              false,
		"255.255.255.255":        false,
		"::":                     false,
		"::1":                    false,
		"::127.0.0.1":            false,
		"::ffff:127.0.0.1":       false,
		"::ffff:10.0.0.1":        false,
		"::ffff:169.254.169.254": false,
		"::ffff:8.8.8.8":         true,
		"fe80::1":                false,
		"fc00::1":                false,
		"fd00:ec2::254":          false,
		"ff02::1":                false,
		"fec0::1":                false,
		"64:ff9b::7f00:1":        false,
		"64:ff9b::a9fe:a9fe":     false,
		"64:ff9b:1::808:808":     false,
		"2001::1":                false,
		"2001:db8::1":            false,
		"2002:7f00:1::":          false,
		"2002:808:808::":         false,
		"3fff::1":                false,
		"100::1":                 false,
	} {
		if got := isPublic(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %v, want %v", addr, got, want)
		}
	}
}

// inside starts a server on this machine that must not be reached. It returns the number of
// requests to it.
func inside(t *testing.T) (port string, reached *atomic.Int64) {
	t.Helper()
	reached = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(s.Close)
	return s.URL[strings.LastIndex(s.URL, ":"):], reached
}

func TestOutboundStaysOutside(t *testing.T) {
	t.Parallel()
	port, reached := inside(t)
	for _, url := range []string{
		"http://127.0.0.1" + port, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://[::ffff:7f00:1]" + port,
		"http://0.0.0.0" + port, "http://127.1.2.3" + port, "https://127.0.0.1" + port, "https://localhost" + port,
		"https://[::1]" + port, "https://[::ffff:127.0.0.1]" + port,
		"https://169.254.169.254/latest/meta-data/", "http://169.254.169.254/latest/meta-data/", "https://10.0.0.1/",
		// Public, but not encrypted. The client refuses the connection and sends nothing.
		"http://8.8.8.8/",
	} {
		for name, allowed := range map[string][]netip.Prefix{"nothing allowed": nil, "another network allowed": prefixes("127.77.0.0/16")} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = newOutbound(allowed).Do(r); !errors.Is(err, errNotPublic) {
				t.Errorf("%s, %s: got %v, want it refused", url, name, err)
			}
		}
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("the inside was reached %d times", n)
	}
}

func TestOutboundReachesAllowedNetworks(t *testing.T) {
	t.Parallel()
	port, reached := inside(t)
	client := newOutbound(prefixes("127.0.0.0/8"))
	for i, url := range []string{"http://127.0.0.1" + port, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Do(r); err != nil || reached.Load() != int64(i+1) {
			t.Errorf("%s: got %v after %d requests", url, err, reached.Load())
		}
	}
}

func TestWebhookIntoOurNetworkIsGivenUp(t *testing.T) {
	t.Parallel()
	port, reached := inside(t)
	f := newFixture(t)
	redirects := newHook(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1"+port, http.StatusTemporaryRedirect)
	})
	f.addChannel(t, postgres.Channel{Kind: postgres.ChannelWebhook, URL: "https://localhost" + port, Secret: testSecret})
	n := f.start(t, testTiming, func(c *config) { c.WebhookAllowNetworks = nil })
	n.want(t, f.reminder(t, f.user, "x"))
	d := f.settled(t, f.user, 1, postgres.DeliveryGivenUp)[0]
	if d.Attempts != 1 || !strings.Contains(d.Reason, "not on the public Internet") {
		t.Errorf("got %q after %d attempts, want it refused once", d.Reason, d.Attempts)
	}
	n.stop()

	other := f.newUser(t)
	c := redirects.channel()
	c.UserID = other
	f.addChannel(t, c)
	f.start(t, testTiming).want(t, f.reminder(t, other, "x"))
	f.settled(t, other, 1, postgres.DeliveryGivenUp)
	if n := reached.Load(); n > 0 {
		t.Errorf("the inside was reached %d times", n)
	}
}
