package main

import (
	"context"
	"errors"
	"os"

	"taskmaster/internal/postgres"
)

// commands are the operator's commands by name. Without a command, the program serves.
var commands = map[string]func(ctx context.Context, args []string) error{
	"migrate":      migrate,
	"replay":       replay,
	"unhandled":    unhandledCommand,
	"dead-letters": deadLettersCommand,
	"events":       eventsCommand,
	"restored":     restoredCommand,
	"backup":       backupCommand,
	"restore":      restoreCommand,
	"users":        usersCommand,
	"channels":     channelsCommand,
}

// migrate brings the schema of DATABASE_URL up to date.
func migrate(ctx context.Context, _ []string) error {
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return errors.New("DATABASE_URL is required")
	}
	db, err := postgres.Open(ctx, url, 4)
	if err != nil {
		return err
	}
	defer db.Close()
	return postgres.Migrate(ctx, db)
}
