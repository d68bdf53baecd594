package main

import (
	"fmt"
	"net/url"
	"time"

	"taskmaster/internal/server"
)

// config is everything that live reads from its environment.
type config struct {
	server.Common
	DatabaseURL   string `env:"DATABASE_URL" validate:"required"`
	DatabaseConns int    `env:"DATABASE_CONNS" default:"8" validate:"min=3,max=500"`
	// AllowedOrigins are the origins (scheme://host:port, as browsers send them) whose pages may open sockets, besides those
	// of the host that a request was sent to. A proxy that changes Host makes them necessary.
	AllowedOrigins []string `env:"ALLOWED_ORIGINS"`
	// MaxSockets is how many sockets this process holds, MaxSocketsPerUser how many of them one user.
	MaxSockets        int           `env:"MAX_SOCKETS" default:"10000" validate:"min=1"`
	MaxSocketsPerUser int           `env:"MAX_SOCKETS_PER_USER" default:"50" validate:"min=1"`
	PingInterval      time.Duration `env:"PING_INTERVAL" default:"30s" validate:"min=100ms"`
	// LookFor is how long a new process looks for changes itself, unless the broker brings some before.
	LookFor time.Duration `env:"LOOK_FOR" default:"1m" validate:"min=0"`
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	if err := server.LoadConfig(&c, getenv); err != nil {
		return config{}, err
	}
	for _, origin := range c.AllowedOrigins {
		// Origins are compared as text, so one that no browser ever sends would only look as if it allowed something.
		if u, err := url.Parse(origin); err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return config{}, fmt.Errorf("configuration: ALLOWED_ORIGINS: %q is not an origin such as https://tasks.example.com", origin)
		}
	}
	return c, nil
}
