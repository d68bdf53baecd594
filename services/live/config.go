package main

import (
	"fmt"
	"net/url"
	"time"

	"taskmaster/internal/server"
)

// config holds the settings that live reads from its environment.
type config struct {
	server.Common
	// DatabaseURL is the URL of the PostgreSQL database.
	DatabaseURL string `env:"DATABASE_URL" validate:"required"`
	// DatabaseConns is the number of connections to the database.
	DatabaseConns int `env:"DATABASE_CONNS" default:"8" validate:"min=3,max=500"`
	// DatabaseSleepsAfter is the time without activity after which nothing asks the database. A database
	// that is billed by the hour can then suspend itself. 0 means never.
	DatabaseSleepsAfter time.Duration `env:"DATABASE_SLEEPS_AFTER" default:"0s" validate:"min=0"`
	// AllowedOrigins are further origins (scheme://host:port, as browsers send them) whose pages
	// may open sockets. Pages of the requested host always may. A proxy that changes Host needs
	// them.
	AllowedOrigins []string `env:"ALLOWED_ORIGINS"`
	// MaxSockets is the number of sockets of this process.
	MaxSockets int `env:"MAX_SOCKETS" default:"10000" validate:"min=1"`
	// MaxSocketsPerUser is the number of sockets of one user at this process.
	MaxSocketsPerUser int `env:"MAX_SOCKETS_PER_USER" default:"50" validate:"min=1"`
	// PingInterval is the time from one check of a socket to the next. Each check sends a
	// heartbeat.
	PingInterval time.Duration `env:"PING_INTERVAL" default:"30s" validate:"min=100ms"`
	// LookFor is the time for which a new process polls the database for changes. It ends early
	// when the broker delivers one.
	LookFor time.Duration `env:"LOOK_FOR" default:"1m" validate:"min=0"`
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	if err := server.LoadConfig(&c, getenv); err != nil {
		return config{}, err
	}
	for _, origin := range c.AllowedOrigins {
		// Origins are compared as text. An origin in another form would never match.
		if u, err := url.Parse(origin); err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return config{}, fmt.Errorf("configuration: ALLOWED_ORIGINS: %q is not an origin such as https://tasks.example.com", origin)
		}
	}
	return c, nil
}
