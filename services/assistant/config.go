package main

import "taskmaster/internal/server"

// config holds the settings that assistant reads from its environment.
type config struct {
	server.Common
	// APIURLs are the URLs of api, in the order in which they are tried.
	APIURLs []string `env:"API_URLS" validate:"required,dive,http_url"`
	// PublicURL is the scheme and host at which people reach the system, without a path. Its pages may send
	// sentences.
	PublicURL string `env:"PUBLIC_URL" validate:"omitempty,origin"`
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []string `env:"TRUSTED_PROXIES" validate:"dive,cidr"`
	// TurnsPerDay is the number of sentences of a user in a day (UTC).
	TurnsPerDay int `env:"TURNS_PER_DAY" default:"1000" validate:"min=1"`
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	return c, server.LoadConfig(&c, getenv)
}
