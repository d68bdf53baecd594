package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"taskmaster/cmd/local/console"
	"taskmaster/internal/backup"
	"taskmaster/internal/lock"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/embedded"
	"taskmaster/internal/seal"
)

const (
	// firstBackup is the time from the start of a system without a backup to its first. The start is
	// over by then, so that no person waits for the backup.
	firstBackup = 10 * time.Minute
	// backupRetry is the pause after a backup that failed.
	backupRetry = time.Hour
	// backupPoll is the interval at which the clock is compared with the schedule.
	backupPoll = 10 * time.Second
	// backupTimeout ends a backup that hangs, for example on a dead network drive.
	backupTimeout = time.Hour
	// backupConns is the number of database connections of a backup.
	backupConns = 4
)

// backupSchedule holds the interval of backups, their folder, and the number that is kept. An
// interval of 0 means never.
type backupSchedule struct {
	interval time.Duration
	dir      string
	keep     int
}

// loadBackupSchedule reads BACKUP_INTERVAL, BACKUP_DIR and BACKUP_KEEP.
func loadBackupSchedule(dir string, getenv func(string) string) (backupSchedule, error) {
	s := backupSchedule{interval: 24 * time.Hour, dir: filepath.Join(dir, "backups"), keep: 7}
	var err error
	if v := getenv("BACKUP_INTERVAL"); v != "" {
		if s.interval, err = time.ParseDuration(v); err != nil || s.interval < 0 || (s.interval > 0 && s.interval < time.Minute) {
			return s, fmt.Errorf("BACKUP_INTERVAL: %q is not a duration such as 24h, of a minute or more, or 0 for never", v)
		}
	}
	if v := getenv("BACKUP_KEEP"); v != "" {
		if s.keep, err = strconv.Atoi(v); err != nil || s.keep < 1 {
			return s, fmt.Errorf("BACKUP_KEEP: %q is not a number of 1 or more", v)
		}
	}
	if v := getenv("BACKUP_DIR"); v != "" {
		if s.dir, err = filepath.Abs(v); err != nil {
			return s, fmt.Errorf("BACKUP_DIR: %w", err)
		}
	}
	return s, nil
}

// first returns the time of the first backup of a system that starts now. newest is the time of the
// newest backup, or zero.
func (s backupSchedule) first(now, newest time.Time) time.Time {
	soon := now.Add(min(firstBackup, s.interval))
	if next := newest.Add(s.interval); next.After(soon) {
		return next
	}
	return soon
}

// backups makes the scheduled backups of a running system.
type backups struct {
	schedule    backupSchedule
	secrets     secrets
	databaseURL string
	log         *console.Lines
}

func (s *system) newBackups() backups {
	return backups{schedule: s.cfg.backups, secrets: s.secrets, databaseURL: s.databaseURL, log: s.log}
}

// run makes backups on schedule until ctx is cancelled. It logs a backup that failed, and tries
// again later. It compares wall clocks, because timers stand still while a laptop sleeps.
func (b backups) run(ctx context.Context) {
	if b.schedule.interval == 0 {
		return
	}
	newest, _ := backup.Newest(b.schedule.dir) // a folder that cannot be read fails the backup too
	next := b.schedule.first(time.Now().Round(0), newest)
	ticker := time.NewTicker(backupPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if time.Now().Round(0).Before(next) {
			continue
		}
		pause := b.schedule.interval
		if err := b.runOnce(ctx); err != nil && ctx.Err() == nil {
			pause = min(backupRetry, pause)
			b.log.Printf("scheduled backup failed, it is tried again in %v: %v", pause, err)
		}
		next = time.Now().Round(0).Add(pause)
	}
}

// runOnce makes one backup and deletes those that are not kept.
func (b backups) runOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, backupTimeout)
	defer cancel()
	db, err := postgres.Open(ctx, b.databaseURL, backupConns)
	if err != nil {
		return err
	}
	defer db.Close()
	extra, err := b.secrets.backupParts()
	if err != nil {
		return err
	}
	_, err = backup.Rotate(ctx, db, b.schedule.dir, b.schedule.keep, extra, time.Now())
	return err
}

// backupParts returns the parts of a backup with the VAPID keys, to which push subscriptions of browsers
// are bound, and with the keys that seal secrets in the database.
func (s secrets) backupParts() (map[string][]byte, error) {
	raw, err := json.Marshal(backup.VAPID{Public: s.VAPIDPublicKey, Private: s.VAPIDPrivateKey})
	if err != nil {
		return nil, fmt.Errorf("encode VAPID keys: %w", err)
	}
	return map[string][]byte{backup.WebPushKeys: raw, backup.ChannelKeys: []byte(s.ChannelKeys)}, nil
}

// saveBackup writes a backup of the installation, whether it runs or not.
func saveBackup(ctx context.Context, cfg config, out io.Writer) error {
	return withDatabase(ctx, cfg, func(db *postgres.DB, _ bool) error {
		if err := postgres.Migrate(ctx, db); err != nil {
			return err
		}
		secrets, err := loadSecrets(cfg.dir)
		if err != nil {
			return err
		}
		extra, err := secrets.backupParts()
		if err != nil {
			return err
		}
		if err := backup.Save(ctx, db, cfg.file, extra, time.Now()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s is complete. It holds password hashes and keys: keep it as safe as %s.\n", cfg.file, cfg.dir)
		return err
	})
}

// restoreBackup fills an empty installation from a backup.
func restoreBackup(ctx context.Context, cfg config, out io.Writer) error {
	b, err := backup.Open(cfg.file)
	if err != nil {
		return err
	}
	err = withDatabase(ctx, cfg, func(db *postgres.DB, running bool) error {
		r, err := b.Restore(ctx, db)
		if err != nil {
			return err
		}
		if err := restoreKeys(cfg, b); err != nil {
			return err
		}
		then := "Start TaskMaster: people log in as before."
		if running {
			then = "Restart TaskMaster, so that browsers get notifications again."
		}
		_, err = fmt.Fprintf(out, "Restored the backup of %s: %d rows. %s\n", b.MadeAt().Format(time.RFC3339), r.Rows, then)
		return err
	})
	return errors.Join(err, b.Close())
}

// restoreKeys takes over the keys of web push and those that seal secrets. The installation's own key still
// seals new secrets.
func restoreKeys(cfg config, b *backup.Backup) error {
	s, err := loadSecrets(cfg.dir)
	if err != nil {
		return err
	}
	raw, err := b.Extra(backup.WebPushKeys)
	if err != nil {
		return err
	}
	if raw != nil {
		var keys backup.VAPID
		if err := json.Unmarshal(raw, &keys); err != nil {
			return fmt.Errorf("decode VAPID keys: %w", err)
		}
		s.VAPIDPublicKey, s.VAPIDPrivateKey = keys.Public, keys.Private
	}
	if raw, err = b.Extra(backup.ChannelKeys); err != nil {
		return err
	}
	s.ChannelKeys = seal.Merge(s.ChannelKeys, string(raw))
	if _, err := seal.ParseKeys(s.ChannelKeys); err != nil {
		return fmt.Errorf("channel keys of the backup: %w", err)
	}
	return writeJSON(secretsFile(cfg.dir), s)
}

// withDatabase calls f with the database of the installation and reports whether the installation
// runs. If the database is not running, withDatabase starts it and stops it after f.
func withDatabase(ctx context.Context, cfg config, f func(db *postgres.DB, running bool) error) error {
	url, running, stop, err := databaseOf(ctx, cfg)
	if err != nil {
		return err
	}
	err = func() error {
		db, err := postgres.Open(ctx, url, backupConns)
		if err != nil {
			return err
		}
		defer db.Close()
		return f(db, running)
	}()
	return errors.Join(err, stop())
}

// databaseOf returns the database of DATABASE_URL, of the system that runs in the folder, or of a
// server that it starts.
func databaseOf(ctx context.Context, cfg config) (url string, running bool, stop func() error, err error) {
	stop = func() error { return nil }
	unlock, lockErr := lock.Try(cfg.dir)
	running = lockErr != nil
	if url := cfg.getenv("DATABASE_URL"); url != "" {
		if !running {
			unlock()
		}
		return url, running, stop, nil //nolint:nilerr // a running system holds the lock, which is no failure here
	}
	if running {
		url, stateErr := runningDatabase(cfg.dir)
		if stateErr != nil {
			return "", false, nil, errors.Join(lockErr, stateErr)
		}
		return url, true, stop, nil
	}
	server, err := embedded.Start(ctx, embedded.Config{Dir: postgresDir(cfg)})
	if err != nil {
		unlock()
		return "", false, nil, err
	}
	return server.URL(), false, func() error {
		defer unlock()
		return server.Stop()
	}, nil
}

// runningDatabase returns the database's URL of the system that runs in the folder.
func runningDatabase(dir string) (string, error) {
	raw, err := os.ReadFile(systemFile(dir))
	if err != nil {
		return "", fmt.Errorf("find the running system: %w", err)
	}
	var state systemState
	if err := json.Unmarshal(raw, &state); err != nil {
		return "", fmt.Errorf("decode system.json: %w", err)
	}
	if state.DatabaseURL == "" {
		return "", errors.New("the system has just been started and has no database yet: try again in a moment")
	}
	return state.DatabaseURL, nil
}
