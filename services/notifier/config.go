package main

import (
	"taskmaster/internal/server"
)

// config is everything that notifier reads from its environment.
type config struct {
	server.Common
	DatabaseURL string `env:"DATABASE_URL" validate:"required"`
	// DatabaseConns is how many connections events and attempts may hold at once; the queue has QueueConns more.
	DatabaseConns int `env:"DATABASE_CONNS" default:"12" validate:"min=1,max=500"`
	QueueConns    int `env:"QUEUE_CONNS" default:"6" validate:"min=3,max=100"`
	// PublicURL is where people reach the system; without it messages hold no link.
	PublicURL string `env:"PUBLIC_URL" validate:"omitempty,origin"`
	// The VAPID keys (RFC 8292), in base64url, and a contact for the push services' operators: an e-mail address or https
	// URL. Without the keys web push is off.
	VAPIDPublicKey  string `env:"VAPID_PUBLIC_KEY" validate:"required_with=VAPIDPrivateKey"`
	VAPIDPrivateKey string `env:"VAPID_PRIVATE_KEY" validate:"required_with=VAPIDPublicKey"`
	VAPIDSubject    string `env:"VAPID_SUBJECT" validate:"required_with=VAPIDPrivateKey"`
	// SMTPURL is smtp://user:password@host:587, or smtps://user:password@host:465. The first encrypts when the server
	// offers it; with ?tls=mandatory it does not go on without, with ?tls=none it does not try. A password is never sent in
	// the clear. Empty: e-mail is off.
	SMTPURL string `env:"SMTP_URL"`
	// SMTPFrom is the sender, such as "TaskMaster <reminders@example.com>".
	SMTPFrom string `env:"SMTP_FROM" validate:"required_with=SMTPURL"`
	// WebhookAllowNetworks are networks that webhooks and push endpoints may be in although they are not public. There
	// http:// is taken as well as https://.
	WebhookAllowNetworks []string `env:"WEBHOOK_ALLOW_NETWORKS" validate:"dive,cidr"`
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	return c, server.LoadConfig(&c, getenv)
}
