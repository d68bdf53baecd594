package main

import (
	"time"

	"taskmaster/internal/server"
)

// config holds the settings that api reads from its environment.
type config struct {
	server.Common
	// DatabaseURL is the URL of the PostgreSQL database.
	DatabaseURL string `env:"DATABASE_URL" validate:"required"`
	// DatabaseConns is the number of connections that requests may hold at once.
	DatabaseConns int `env:"DATABASE_CONNS" default:"16" validate:"min=1,max=500"`
	// RelayConns is the number of further connections for the relay and the reminders.
	RelayConns int `env:"RELAY_CONNS" default:"24" validate:"min=2,max=100"`
	// DatabaseSleepsAfter is the time without activity after which nothing asks the database. A database
	// that is billed by the hour can then suspend itself. 0 means never.
	DatabaseSleepsAfter time.Duration `env:"DATABASE_SLEEPS_AFTER" default:"0s" validate:"min=0"`
	// PublicURL is the scheme and host at which people reach the system, without a path. Requests of
	// other origins are refused.
	PublicURL string `env:"PUBLIC_URL" validate:"omitempty,origin"`
	// CookieSecure sets the Secure attribute of cookies. It is false only where there is no TLS.
	CookieSecure bool `env:"COOKIE_SECURE" default:"true"`
	// TrustedProxies are the networks whose X-Forwarded-For header is believed.
	TrustedProxies []string `env:"TRUSTED_PROXIES" validate:"dive,cidr"`
	// LoginPerMinute is the number of logins to an account from an address. All accounts from an
	// address have three times as many, and an account from all addresses ten times as many an hour.
	LoginPerMinute int `env:"LOGIN_PER_MINUTE" default:"10" validate:"min=1"`
	// Signup decides who may make an account: open for everybody, confirm for everybody with a link that is
	// sent to their address, invite for people with an invitation of api users invite, closed for nobody.
	Signup string `env:"SIGNUP" default:"open" validate:"oneof=open confirm invite closed"`
	// ChannelKeys seals the secrets of webhooks and browsers in the database: NAME:BASE64,NAME:BASE64. The
	// first key seals, and all open. Without a key the secrets are in clear.
	ChannelKeys string `env:"CHANNEL_KEYS" validate:"max=4000"`
	// SetupToken is the token of a link that makes the account of an administrator, once. It has 32
	// characters or more. Without it there is no such link.
	SetupToken string `env:"SETUP_TOKEN" validate:"omitempty,min=20,max=100"`
	// SignupPerMinute is the number of sign-ups for an address and for an e-mail address.
	SignupPerMinute int `env:"SIGNUP_PER_MINUTE" default:"10" validate:"min=1"`
	// RatePerMinute is the number of requests that a user may send. 0 means no limit.
	RatePerMinute int `env:"RATE_PER_MINUTE" default:"1200" validate:"min=0"`
	// QuotaBytes is the number of bytes that an account may store: tasks, history, and for some time
	// events, answers and deliveries. 0 means no limit.
	QuotaBytes int `env:"QUOTA_BYTES" default:"536870912" validate:"min=0"`
	// VAPIDPublicKey is the key with which browsers subscribe to push. Without it push is off.
	VAPIDPublicKey string `env:"VAPID_PUBLIC_KEY"`
	// RetentionInterval is the time between two deletions of expired rows.
	RetentionInterval time.Duration `env:"HOUSEKEEPING_INTERVAL" default:"1h" validate:"min=1s"`
	// ReminderVerifyInterval is the time from one check of the scheduler to the next. A check looks
	// up the jobs of the next hour and schedules lost ones again.
	ReminderVerifyInterval time.Duration `env:"REMINDER_VERIFY_INTERVAL" default:"1m" validate:"min=1s"`
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	return c, server.LoadConfig(&c, getenv)
}
