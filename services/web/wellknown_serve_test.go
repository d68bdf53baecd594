package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestChangePassword(t *testing.T) {
	t.Parallel()
	e := start(t, config{})
	got := e.do("GET", "/.well-known/change-password", nil)
	if got.status != http.StatusSeeOther {
		t.Errorf("got %d, want a redirect", got.status)
	}
	if to, want := got.header.Get("Location"), "/settings/account#password-title"; to != want {
		t.Errorf("got a redirect to %q, want %q", to, want)
	}
	// A password manager trusts the redirect only if a path that cannot exist is not found.
	const missing = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
	if got := e.do("GET", missing, nil); got.status != http.StatusNotFound {
		t.Errorf("%s: got %d, want 404", missing, got.status)
	}
}

func TestRobots(t *testing.T) {
	t.Parallel()
	got := start(t, config{}).do("GET", "/robots.txt", nil)
	if got.status != http.StatusOK {
		t.Errorf("got %d, want 200", got.status)
	}
	if want := "User-agent: *\nDisallow: /"; got.body != want {
		t.Errorf("got %q, want %q", got.body, want)
	}
}

func TestSecurityTxt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		cfg     config
		contact string
	}{
		{"configured", config{PublicURL: "https://tasks.example.com", SecurityContact: "https://example.com/report"}, "https://example.com/report"},
		{"from the public URL", config{PublicURL: "https://tasks.example.com:8443"}, "mailto:security@tasks.example.com"},
		{"unknown", config{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := start(t, tt.cfg).do("GET", securityTxtPath, nil)
			if tt.contact == "" {
				if got.status != http.StatusNotFound {
					t.Errorf("got %d, want 404", got.status)
				}
				return
			}
			if got.status != http.StatusOK {
				t.Fatalf("got %d: %s", got.status, got.body)
			}
			if kind := got.header.Get("Content-Type"); kind != "text/plain; charset=utf-8" {
				t.Errorf("got content type %q, want plain text in UTF-8", kind)
			}
			fields := map[string]string{}
			for line := range strings.Lines(got.body) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				fields[name] = value
			}
			if fields["Contact"] != tt.contact {
				t.Errorf("got contact %q, want %q", fields["Contact"], tt.contact)
			}
			if want := tt.cfg.PublicURL + securityTxtPath; fields["Canonical"] != want {
				t.Errorf("got canonical %q, want %q", fields["Canonical"], want)
			}
			expires, err := time.Parse(time.RFC3339, fields["Expires"])
			if err != nil {
				t.Fatalf("Expires: %v", err)
			}
			if left := time.Until(expires); left < 24*time.Hour || left > 365*24*time.Hour {
				t.Errorf("it expires in %s, want more than a day and less than a year", left)
			}
		})
	}
}
