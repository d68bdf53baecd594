package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

// restoredCommand starts a new epoch after an operator restored the database with the tools of
// PostgreSQL or of a disk.
func restoredCommand(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return errors.New("DATABASE_URL is required")
	}
	db, err := postgres.OpenService(ctx, url, 2)
	if err != nil {
		return err
	}
	defer db.Close()
	return restored(ctx, db, os.Stdout)
}

func restored(ctx context.Context, db *postgres.DB, out io.Writer) error {
	var epoch string
	var events int64
	err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
		epoch, events, err = postgres.Restored(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "the new epoch is %s: clients reload everything, and a running api schedules the reminders and publishes %d events again\n", epoch, events)
	return err
}
