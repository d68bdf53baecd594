package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"taskmaster/internal/external"
	"taskmaster/internal/postgres"
)

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
		for name, allowed := range map[string][]netip.Prefix{"nothing allowed": nil, "another network allowed": {netip.MustParsePrefix("127.77.0.0/16")}} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := send(newOutbound(allowed), r); !errors.Is(err, external.ErrNotPublic) {
				t.Errorf("%s, %s: got %v, want it refused", url, name, err)
			}
		}
	}
	if n := reached.Load(); n > 0 {
		t.Errorf("the inside was reached %d times", n)
	}
}

// send sends a request and closes the answer.
func send(client *outbound, r *http.Request) error {
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func TestOutboundReachesAllowedNetworks(t *testing.T) {
	t.Parallel()
	port, reached := inside(t)
	client := newOutbound([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	for i, url := range []string{"http://127.0.0.1" + port, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := send(client, r); err != nil || reached.Load() != int64(i+1) {
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
	f.addChannel(t, postgres.Channel{Kind: postgres.ChannelWebhook, URL: "https://127.0.0.1" + port, Secret: testSecret})
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
