package main

import (
	"taskmaster/internal/server"
)

// config holds the settings that recurring reads from its environment.
type config struct {
	server.Common
}

func loadConfig(getenv func(string) string) (config, error) {
	var c config
	return c, server.LoadConfig(&c, getenv)
}
