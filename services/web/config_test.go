package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"APP_API_TOKEN": "t", "API_URLS": "http://a:1, http://b:2", "LIVE_URLS": "not a URL", "TRUSTED_PROXIES": "10.0.0.0", "RATE_PER_MINUTE_USER": "-1",
	}
	_, err := loadConfig(func(name string) string { return env[name] })
	for _, want := range []string{"LIVE_URLS", "TRUSTED_PROXIES", "RATE_PER_MINUTE_USER"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v, want %s named", err, want)
		}
	}
	env["LIVE_URLS"], env["TRUSTED_PROXIES"], env["RATE_PER_MINUTE_USER"] = "http://l:1", "10.0.0.0/8", "0"
	cfg, err := loadConfig(func(name string) string { return env[name] })
	if err != nil || len(cfg.APIURLs) != 2 || cfg.RatePerMinuteAddress != 1200 {
		t.Errorf("got %+v, %v", cfg, err)
	}
}
