package main

import "taskmaster/internal/server"

// config is everything that web reads from its environment.
type config struct {
	server.Common
	// APIURLs, LiveURLs and AssistantURL are what stands behind the edge; no AssistantURL, no assistant.
	APIURLs      []string `env:"API_URLS" validate:"required,dive,http_url"`
	LiveURLs     []string `env:"LIVE_URLS" validate:"required,dive,http_url"`
	AssistantURL string   `env:"ASSISTANT_URL" validate:"omitempty,http_url"`
	// PublicURL is where people reach the system; with https browsers are told to never use anything else.
	PublicURL string `env:"PUBLIC_URL" validate:"omitempty,origin"`
	// TLSCertFile and TLSKeyFile are PEM files. With them web speaks HTTPS alone; they are read again when they change.
	TLSCertFile string `env:"TLS_CERT_FILE" validate:"required_with=TLSKeyFile"`
	TLSKeyFile  string `env:"TLS_KEY_FILE" validate:"required_with=TLSCertFile"`
	// TrustedProxies are the networks whose X-Forwarded headers are believed.
	TrustedProxies []string `env:"TRUSTED_PROXIES" validate:"dive,cidr"`
	// RatePerMinuteAddress and RatePerMinuteUser are how many requests an address and a session or API token may send; 0 is
	// any number. The page's files do not count.
	RatePerMinuteAddress int `env:"RATE_PER_MINUTE_ADDRESS" default:"1200" validate:"min=0"`
	RatePerMinuteUser    int `env:"RATE_PER_MINUTE_USER" default:"600" validate:"min=0"`
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	return c, server.LoadConfig(&c, getenv)
}
