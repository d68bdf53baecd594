package main

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"taskmaster/internal/testkit"
)

// TestMetricsAreNotPublic checks that web serves its metrics on an address of their own alone.
func TestMetricsAreNotPublic(t *testing.T) {
	t.Parallel()
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(testkit.FreePort(t)))
	e := start(t, config{APIURLs: []string{closedURL}, LiveURLs: []string{closedURL}, MetricsAddr: addr})
	e.do("GET", "/nowhere/secret", nil)
	if got := e.do("GET", "/metrics", nil); got.status != 404 || strings.Contains(got.body, "go_goroutines") {
		t.Errorf("the public address answers %d: %s", got.status, got.body)
	}
	private := *e
	private.url = "http://" + addr
	got := private.do("GET", "/metrics", nil)
	if !strings.Contains(got.body, `http_route="unmatched"`) || strings.Contains(got.body, "secret") {
		t.Errorf("the metrics are\n%s", got.body)
	}
	if got := private.do("GET", "/today", nil); got.status != 404 {
		t.Errorf("the address of the metrics answers %d to a page", got.status)
	}
}
