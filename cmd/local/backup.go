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

	"taskmaster/internal/backup"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/embedded"
)

const (
	// firstBackup is when a system without a backup gets one after its start. Then nobody waits for it.
	firstBackup = 10 * time.Minute
	// backupRetry is the pause after a backup that failed.
	backupRetry = time.Hour
	// backupPoll is how often the schedule is looked at.
	backupPoll = 10 * time.Second
	// backupTimeout ends a backup that hangs, for example on a dead network drive.
	backupTimeout = time.Hour
	backupConns   = 4
)

// schedule says how often a backup is made, where, and how many are kept. An interval of 0 is never.
type schedule struct {
	interval time.Duration
	dir      string
	keep     int
}

// loadSchedule reads BACKUP_INTERVAL, BACKUP_DIR and BACKUP_KEEP.
func loadSchedule(dir string, getenv func(string) string) (schedule, error) {
	s := schedule{interval: 24 * time.Hour, dir: filepath.Join(dir, "backups"), keep: 7}
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

// first returns when a system that starts now makes its first backup, given its newest.
func (s schedule) first(now, newest time.Time) time.Time {
	soon := now.Add(min(firstBackup, s.interval))
	if next := newest.Add(s.interval); next.After(soon) {
		return next
	}
	return soon
}

// keepBackups makes backups on schedule until ctx ends. One that fails says so in a line, and is tried
// again; the system goes on. It asks the clock on the wall: a timer stands still while a laptop sleeps.
func (s *system) keepBackups(ctx context.Context, databaseURL string) {
	if s.cfg.backups.interval == 0 {
		return
	}
	newest, _ := backup.Newest(s.cfg.backups.dir) // a folder that cannot be read fails the backup too
	next := s.cfg.backups.first(time.Now().Round(0), newest)
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
		pause := s.cfg.backups.interval
		if err := s.backUp(ctx, databaseURL); err != nil && ctx.Err() == nil {
			pause = min(backupRetry, pause)
			s.log.Printf("scheduled backup failed, it is tried again in %v: %v", pause, err)
		}
		next = time.Now().Round(0).Add(pause)
	}
}

func (s *system) backUp(ctx context.Context, databaseURL string) error {
	ctx, cancel := context.WithTimeout(ctx, backupTimeout)
	defer cancel()
	db, err := postgres.Open(ctx, databaseURL, backupConns)
	if err != nil {
		return err
	}
	defer db.Close()
	extra, err := s.secrets.webPushKeys()
	if err != nil {
		return err
	}
	_, err = backup.Rotate(ctx, db, s.cfg.backups.dir, s.cfg.backups.keep, extra, time.Now())
	return err
}

// webPushKeys returns the part of a backup with the keys that browsers' subscriptions are bound to.
func (s secrets) webPushKeys() (map[string][]byte, error) {
	raw, err := json.Marshal(backup.VAPID{Public: s.VAPIDPublicKey, Private: s.VAPIDPrivateKey})
	if err != nil {
		return nil, fmt.Errorf("encode VAPID keys: %w", err)
	}
	return map[string][]byte{backup.WebPushKeys: raw}, nil
}

// saveBackup writes a backup of the installation, which may run or not.
func saveBackup(ctx context.Context, cfg config, out io.Writer) error {
	return withDatabase(ctx, cfg, func(db *postgres.DB, _ bool) error {
		if err := postgres.Migrate(ctx, db); err != nil {
			return err
		}
		secrets, err := loadSecrets(cfg.dir)
		if err != nil {
			return err
		}
		extra, err := secrets.webPushKeys()
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

// restoreBackup fills the installation, which has to be empty, from a backup.
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
		if err := restoreWebPushKeys(cfg, b); err != nil {
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

func restoreWebPushKeys(cfg config, b *backup.Backup) error {
	raw, err := b.Extra(backup.WebPushKeys)
	if err != nil || raw == nil {
		return err
	}
	var keys backup.VAPID
	if err := json.Unmarshal(raw, &keys); err != nil {
		return fmt.Errorf("decode VAPID keys: %w", err)
	}
	s, err := loadSecrets(cfg.dir)
	if err != nil {
		return err
	}
	s.VAPIDPublicKey, s.VAPIDPrivateKey = keys.Public, keys.Private
	return writeJSON(filepath.Join(cfg.dir, "secrets.json"), s)
}

// withDatabase runs f with the installation's database: that of DATABASE_URL, or of the system that
// runs in the folder, or a server that it starts for the time.
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

func databaseOf(ctx context.Context, cfg config) (url string, running bool, stop func() error, err error) {
	stop = func() error { return nil }
	unlock, lockErr := lock(cfg.dir)
	running = lockErr != nil
	if url := cfg.getenv("DATABASE_URL"); url != "" {
		if !running {
			unlock()
		}
		return url, running, stop, nil //nolint:nilerr // a running system holds the lock; that is no failure here
	}
	if running {
		url, stateErr := runningDatabase(cfg.dir)
		if stateErr != nil {
			return "", false, nil, errors.Join(lockErr, stateErr)
		}
		return url, true, stop, nil
	}
	server, err := embedded.Start(ctx, embedded.Config{Dir: filepath.Join(cfg.dir, "postgres")})
	if err != nil {
		unlock()
		return "", false, nil, err
	}
	return server.URL(), false, func() error {
		defer unlock()
		return server.Stop()
	}, nil
}

// runningDatabase returns the database's URL of the system that runs in a folder.
func runningDatabase(dir string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "system.json"))
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
