package main

import (
	"time"

	"taskmaster/internal/server"
)

// config is everything that api reads from its environment.
type config struct {
	server.Common
	DatabaseURL string `env:"DATABASE_URL" validate:"required"`
	// DatabaseConns is how many connections requests may hold at once; the background has RelayConns more.
	DatabaseConns int `env:"DATABASE_CONNS" default:"16" validate:"min=1,max=500"`
	RelayConns    int `env:"RELAY_CONNS" default:"24" validate:"min=2,max=100"`
	// PublicURL is where people reach the system; cookies are Secure and other origins refused accordingly.
	PublicURL    string `env:"PUBLIC_URL" validate:"omitempty,origin"`
	CookieSecure bool   `env:"COOKIE_SECURE" default:"true"`
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies  []string `env:"TRUSTED_PROXIES" validate:"dive,cidr"`
	LoginPerMinute  int      `env:"LOGIN_PER_MINUTE" default:"10" validate:"min=1"`
	SignupPerMinute int      `env:"SIGNUP_PER_MINUTE" default:"10" validate:"min=1"`
	// RatePerMinute is how many requests a user may send; 0 is any number.
	RatePerMinute int `env:"RATE_PER_MINUTE" default:"1200" validate:"min=0"`
	// VAPIDPublicKey is what browsers need to subscribe to push; empty when push is not set up.
	VAPIDPublicKey string `env:"VAPID_PUBLIC_KEY"`
	// HousekeepingInterval is how often expired rows are removed, ReminderVerifyInterval how often the scheduler is asked
	// whether it still has the jobs of the next hour.
	HousekeepingInterval   time.Duration `env:"HOUSEKEEPING_INTERVAL" default:"1h" validate:"min=1s"`
	ReminderVerifyInterval time.Duration `env:"REMINDER_VERIFY_INTERVAL" default:"1m" validate:"min=1s"`
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	return c, server.LoadConfig(&c, getenv)
}
