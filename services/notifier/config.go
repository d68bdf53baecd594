package main

import (
	"time"

	"taskmaster/internal/server"
)

// config holds the settings that notifier reads from its environment.
type config struct {
	server.Common
	// DatabaseURL is the URL of the PostgreSQL database.
	DatabaseURL string `env:"DATABASE_URL" validate:"required"`
	// DatabaseConns is the number of connections that events and attempts may hold at once.
	DatabaseConns int `env:"DATABASE_CONNS" default:"12" validate:"min=1,max=500"`
	// QueueConns is the number of further connections for the delivery queue.
	QueueConns int `env:"QUEUE_CONNS" default:"6" validate:"min=3,max=100"`
	// DatabaseSleepsAfter is the time without activity after which nothing asks the database. A database
	// that is billed by the hour can then suspend itself. 0 means never.
	DatabaseSleepsAfter time.Duration `env:"DATABASE_SLEEPS_AFTER" default:"0s" validate:"min=0"`
	// QuotaBytes is the number of bytes that an account may store. Reminders of an account that stores an
	// eighth more are not sent. 0 means no limit.
	QuotaBytes int `env:"QUOTA_BYTES" default:"536870912" validate:"min=0"`
	// PublicURL is the scheme and host at which people reach the system, without a path. Without it
	// messages contain no link.
	PublicURL string `env:"PUBLIC_URL" validate:"omitempty,origin"`
	// ChannelKeys seals the secrets of webhooks and browsers in the database: NAME:BASE64,NAME:BASE64. The
	// first key seals, and all open. Without a key the secrets are in clear.
	ChannelKeys string `env:"CHANNEL_KEYS" validate:"max=4000"`
	// VAPIDPublicKey is the public key of web push (RFC 8292) in base64url. Without it push is off.
	VAPIDPublicKey string `env:"VAPID_PUBLIC_KEY" validate:"required_with=VAPIDPrivateKey"`
	// VAPIDPrivateKey is the private key of web push in base64url.
	VAPIDPrivateKey string `env:"VAPID_PRIVATE_KEY" validate:"required_with=VAPIDPublicKey"`
	// VAPIDSubject is a contact for operators of push services: an e-mail address or an https URL.
	VAPIDSubject string `env:"VAPID_SUBJECT" validate:"required_with=VAPIDPrivateKey"`
	// SMTPURL is the mail server: smtp://user:password@host:587 or smtps://user:password@host:465.
	// Without it e-mail is off. With smtp the connection is encrypted when the server offers STARTTLS.
	// The query ?tls=mandatory requires encryption and ?tls=none does not try it. A password is never
	// sent unencrypted.
	SMTPURL string `env:"SMTP_URL"`
	// SMTPFrom is the sender, such as "TaskMaster <reminders@example.com>".
	SMTPFrom string `env:"SMTP_FROM" validate:"required_with=SMTPURL"`
	// DeliveriesPerHour is the number of deliveries of an account in an hour, tests included. Further
	// reminders are not sent. 0 means no limit.
	DeliveriesPerHour int `env:"DELIVERIES_PER_HOUR" default:"500" validate:"min=0"`
	// WebhookAllowNetworks are private networks that webhooks and push endpoints may be in. In
	// these networks http:// is accepted as well as https://.
	WebhookAllowNetworks []string `env:"WEBHOOK_ALLOW_NETWORKS" validate:"dive,cidr"`
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	return c, server.LoadConfig(&c, getenv)
}
