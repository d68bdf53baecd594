package main

import (
	"testing"

	"taskmaster/internal/account"
)

func TestRates(t *testing.T) {
	t.Parallel()
	cookie := func(session string) []string { return []string{"Cookie", account.CookieName + "=" + session} }
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	from := func(address string) []string { return []string{"X-Forwarded-For", address} }
	type request struct {
		header []string
		path   string
		want   int
	}
	// A limit of 4 per minute allows 2 at once.
	tests := map[string]struct {
		cfg      config
		requests []request
	}{
		"an address": {config{RatePerMinuteAddress: 4}, []request{
			{nil, "/api/v1/me", 200}, {nil, "/live", 200}, {nil, "/api/v1/me", 429}, {bearer("a"), "/mcp", 429}, {from("203.0.113.1"), "/api/v1/me", 429},
		}},
		"addresses that a proxy of ours names": {config{RatePerMinuteAddress: 4, TrustedProxies: []string{"127.0.0.0/8"}}, []request{
			{from("203.0.113.1"), "/api/v1/me", 200}, {from("203.0.113.1"), "/api/v1/me", 200}, {from("203.0.113.1"), "/api/v1/me", 429},
			{from("203.0.113.2"), "/api/v1/me", 200}, {from("203.0.113.2, 203.0.113.1"), "/api/v1/me", 429},
		}},
		"a session": {config{RatePerMinuteUser: 4}, []request{
			{cookie("a"), "/api/v1/me", 200}, {cookie("a"), "/live", 200}, {cookie("a"), "/api/v1/me", 429},
			{cookie("b"), "/api/v1/me", 200}, {nil, "/api/v1/me", 200},
		}},
		"a token": {config{RatePerMinuteUser: 4}, []request{
			{bearer("a"), "/api/v1/me", 200}, {bearer("a"), "/mcp", 200}, {bearer("a"), "/api/v1/me", 429}, {bearer("b"), "/api/v1/me", 200},
		}},
		"the page's files do not count": {config{RatePerMinuteAddress: 4}, []request{
			{nil, "/favicon.ico", 200}, {nil, "/static/a/app.js", 200}, {nil, "/static/a/style.css", 200}, {nil, "/api/v1/me", 200},
		}},
		"the pages count": {config{RatePerMinuteAddress: 4}, []request{
			{nil, "/enter", 200}, {nil, "/api/v1/me", 200}, {nil, "/enter", 429},
		}},
		"no limits": {config{}, []request{
			{cookie("a"), "/api/v1/me", 200}, {cookie("a"), "/api/v1/me", 200}, {cookie("a"), "/api/v1/me", 200}, {cookie("a"), "/api/v1/me", 200},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.APIURLs, tt.cfg.LiveURLs = []string{named(t, "api")}, []string{named(t, "live")}
			e := start(t, tt.cfg)
			for i, r := range tt.requests {
				got := e.do("GET", r.path, nil, r.header...)
				if got.status != r.want {
					t.Errorf("request %d: got %d %s, want %d", i, got.status, got.body, r.want)
				}
				if got.status == 429 && r.path != "/enter" && (got.code() != "rate_limited" || got.header.Get("Retry-After") == "") {
					t.Errorf("request %d: got %s, want a problem with Retry-After", i, got.body)
				}
			}
		})
	}
}
