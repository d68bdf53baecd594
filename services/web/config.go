package main

import "taskmaster/internal/server"

// config holds the settings that web reads from its environment.
type config struct {
	server.Common
	// APIURLs are the URLs of the replicas of api.
	APIURLs []string `env:"API_URLS" validate:"required,dive,http_url"`
	// APIFallbackURLs are URLs of api that are used only when none of API_URLS can be reached.
	APIFallbackURLs []string `env:"API_FALLBACK_URLS" validate:"dive,http_url"`
	// LiveURLs are the URLs of the replicas of live.
	LiveURLs []string `env:"LIVE_URLS" validate:"required,dive,http_url"`
	// AssistantURL is the URL of the assistant. Without it, /chat says that there is none.
	AssistantURL string `env:"ASSISTANT_URL" validate:"omitempty,http_url"`
	// PublicURL is the scheme and host at which people reach the system, without a path. With https
	// the page sends Strict-Transport-Security, after which browsers use nothing else.
	PublicURL string `env:"PUBLIC_URL" validate:"omitempty,origin"`
	// SecurityContact is the contact for reports of vulnerabilities in /.well-known/security.txt: a
	// mailto: or https: URL. The default is mailto:security@ the host of PUBLIC_URL.
	SecurityContact string `env:"SECURITY_CONTACT" validate:"omitempty,startswith=mailto:|startswith=https://"`
	// TLSCertFile is a PEM file with the certificate. With it web serves HTTPS only. A changed file is
	// read again.
	TLSCertFile string `env:"TLS_CERT_FILE" validate:"required_with=TLSKeyFile"`
	// TLSKeyFile is a PEM file with the key of the certificate.
	TLSKeyFile string `env:"TLS_KEY_FILE" validate:"required_with=TLSCertFile"`
	// TrustedProxies are the networks whose X-Forwarded headers are believed.
	TrustedProxies []string `env:"TRUSTED_PROXIES" validate:"dive,cidr"`
	// RatePerMinuteAddress is the number of requests from an address. 0 means no limit. Static files
	// do not count.
	RatePerMinuteAddress int `env:"RATE_PER_MINUTE_ADDRESS" default:"1200" validate:"min=0"`
	// RatePerMinuteUser is the number of requests with a session or an API token. 0 means no limit.
	RatePerMinuteUser int `env:"RATE_PER_MINUTE_USER" default:"600" validate:"min=0"`
	// MetricsAddr is the address on which web serves its metrics. It must not be public. Without it, web serves none.
	MetricsAddr string `env:"METRICS_ADDR" validate:"omitempty,hostname_port"`
	// PageDir is a folder with templates and static files, such as services/web. An edit then shows on
	// the next reload. It is for development only, because each request reads all files.
	PageDir string `env:"PAGE_DIR" validate:"omitempty,dir"`
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	return c, server.LoadConfig(&c, getenv)
}
