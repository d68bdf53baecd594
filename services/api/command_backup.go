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

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/backup"
	"taskmaster/internal/postgres"
	"taskmaster/internal/seal"
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
	if _, err := fmt.Fprintf(os.Stdout, "%s is complete. It holds password hashes and keys: keep it as safe as the database.\n", file); err != nil {
		return err
	}
	return warnOfKeys(ctx, db, os.Stdout)
}

// warnOfKeys names the keys of CHANNEL_KEYS that the backup of a database needs and does not hold.
func warnOfKeys(ctx context.Context, db *postgres.DB, out io.Writer) error {
	var counts []postgres.SealedWith
	err := db.InTx(ctx, func(tx pgx.Tx) (err error) {
		counts, err = postgres.SecretKeys(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range counts {
		if c.Key == seal.Clear {
			continue
		}
		if _, err := fmt.Fprintf(out, "%d channels need the key %s of CHANNEL_KEYS, which the backup does not hold: keep it elsewhere.\n", c.Channels, c.Key); err != nil {
			return err
		}
	}
	return nil
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
	keys, err := seal.ParseKeys(os.Getenv("CHANNEL_KEYS"))
	if err != nil {
		return errors.Join(fmt.Errorf("CHANNEL_KEYS: %w", err), b.Close())
	}
	return errors.Join(restoreBackup(ctx, db, b, keys, os.Stdout), b.Close())
}

func restoreBackup(ctx context.Context, db *postgres.DB, b *backup.Backup, channelKeys *seal.Keys, out io.Writer) error {
	r, err := b.Restore(ctx, db)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "Restored the backup of %s: %d rows. %d events are published again, and reminders scheduled again, by a running api.\n",
		b.MadeAt().Format(time.RFC3339), r.Rows, r.Events); err != nil {
		return err
	}
	if err := nameChannels(ctx, db, channelKeys, out); err != nil {
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
