package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"taskmaster/internal/backup"
	"taskmaster/internal/postgres"
)

// backupConns is the number of connections of a command: one copies, the others migrate.
const backupConns = 4

// backupCommand writes a backup of DATABASE_URL into a file. With -to, it writes into a folder and
// deletes the oldest backups there.
func backupCommand(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("backup", flag.ContinueOnError)
	dir := flags.String("to", "", "folder for a file named by the time, instead of FILE")
	keep := flags.Int("keep", 7, "with -to: the number of backups to keep")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if (*dir == "") != (flags.NArg() == 1) || flags.NArg() > 1 {
		return errors.New("name one file, or a folder with -to")
	}
	if *keep < 1 {
		return errors.New("-keep has to be 1 or more")
	}
	db, err := openForCommand(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	extra, err := webPushKeys(os.Getenv)
	if err != nil {
		return err
	}
	file := flags.Arg(0)
	if *dir != "" {
		file, err = backup.Rotate(ctx, db, *dir, *keep, extra, time.Now())
	} else {
		err = backup.Save(ctx, db, file, extra, time.Now())
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "%s is complete. It holds password hashes and keys: keep it as safe as the database.\n", file)
	return err
}

// restoreCommand fills the empty database of DATABASE_URL from a backup.
func restoreCommand(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("name the one file to restore")
	}
	b, err := backup.Open(args[0])
	if err != nil {
		return err
	}
	db, err := openForCommand(ctx)
	if err != nil {
		return errors.Join(err, b.Close())
	}
	defer db.Close()
	return errors.Join(restoreBackup(ctx, db, b, os.Stdout), b.Close())
}

func restoreBackup(ctx context.Context, db *postgres.DB, b *backup.Backup, out io.Writer) error {
	r, err := b.Restore(ctx, db)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "Restored the backup of %s: %d rows. %d events are published again, and reminders scheduled again, by a running api.\n",
		b.MadeAt().Format(time.RFC3339), r.Rows, r.Events); err != nil {
		return err
	}
	keys, err := b.Extra(backup.WebPushKeys)
	if err != nil || keys == nil {
		return err
	}
	_, err = fmt.Fprintln(out, "Push subscriptions of browsers need the VAPID keys of the backup: unzip -p FILE extra/"+backup.WebPushKeys)
	return err
}

func openForCommand(ctx context.Context) (*postgres.DB, error) {
	url := os.Getenv("DATABASE_URL")
	if url == "" {
		return nil, errors.New("DATABASE_URL is required")
	}
	return postgres.Open(ctx, url, backupConns)
}

// webPushKeys returns the part of a backup that holds the keys of web push. It returns nil if they
// are not set.
func webPushKeys(getenv func(string) string) (map[string][]byte, error) {
	keys := backup.VAPID{Public: getenv("VAPID_PUBLIC_KEY"), Private: getenv("VAPID_PRIVATE_KEY")}
	if keys.Public == "" || keys.Private == "" {
		return nil, nil
	}
	raw, err := json.Marshal(keys)
	if err != nil {
		return nil, fmt.Errorf("encode VAPID keys: %w", err)
	}
	return map[string][]byte{backup.WebPushKeys: raw}, nil
}
