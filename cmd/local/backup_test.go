package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"taskmaster/internal/lock"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/embedded"
)

// An installation can be backed up while it runs or not, and restored in another folder.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	file := filepath.Join(t.TempDir(), "backup.zip")
	noEnv := func(string) string { return "" }
	ask := func(command, dir string) (string, error) {
		cfg, err := loadConfig([]string{command, file, "-dir", dir}, noEnv, new(bytes.Buffer))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if command == commandBackup {
			err = saveBackup(t.Context(), cfg, &out)
		} else {
			err = restoreBackup(t.Context(), cfg, &out)
		}
		return out.String(), err
	}

	// While the system runs, its database is the one in system.json.
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: filepath.Join(from, "postgres"), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := lock.Try(from)
	if err != nil {
		t.Fatal(err)
	}
	state, err := newStateFile(from, systemState{DatabaseURL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	addUser(t, server.URL(), "running@example.com")
	if said, err := ask(commandBackup, from); err != nil || !strings.Contains(said, "keep it as safe") {
		t.Errorf("backup while the system runs: got %q, %v", said, err)
	}
	testScheduledBackup(t, server.URL())
	// While the system does not run, the command starts the database itself.
	addUser(t, server.URL(), "stopped@example.com")
	unlock()
	if err := state.remove(); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(commandBackup, from); err != nil {
		t.Errorf("backup while the system does not run: %v", err)
	}

	if said, err := ask(commandRestore, to); err != nil || !strings.Contains(said, "Restored the backup") {
		t.Fatalf("got %q, %v", said, err)
	}
	if _, err := ask(commandRestore, to); err == nil || !strings.Contains(err.Error(), "the target is not empty") {
		t.Errorf("second restore: got error %v, want a refusal", err)
	}
	server, err = embedded.Start(t.Context(), embedded.Config{Dir: filepath.Join(to, "postgres"), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), server.URL(), 2)
	if err != nil {
		t.Fatal(err)
	}
	err = db.InTx(t.Context(), func(tx pgx.Tx) error {
		for _, email := range []string{"running@example.com", "stopped@example.com"} {
			if _, err := postgres.UserByEmail(t.Context(), tx, email); err != nil {
				t.Errorf("%s: %v", email, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	db.Close()
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	old, err := loadSecrets(from)
	if err != nil {
		t.Fatal(err)
	}
	// The keys of the backup open its secrets. The installation's own key stands in front.
	if s, err := loadSecrets(to); err != nil || !strings.HasSuffix(s.ChannelKeys, ","+old.ChannelKeys) {
		t.Errorf("the keys of sealed secrets are not those of the backup (%v)", err)
	}
	if s, err := loadSecrets(to); err != nil || s.VAPIDPrivateKey != old.VAPIDPrivateKey || s.VAPIDPublicKey != old.VAPIDPublicKey {
		t.Errorf("the restored VAPID keys differ from those of push subscriptions (%v)", err)
	}
}

// testScheduledBackup makes scheduled backups. A cancelled backup leaves no file.
func testScheduledBackup(t *testing.T, url string) {
	t.Helper()
	b := backups{
		schedule:    backupSchedule{interval: time.Minute, dir: filepath.Join(t.TempDir(), "backups"), keep: 1},
		databaseURL: url,
	}
	for range 2 {
		if err := b.runOnce(t.Context()); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.runOnce(ctx); err == nil {
		t.Error("a cancelled backup returns no error")
	}
	files, err := filepath.Glob(filepath.Join(b.schedule.dir, "*"))
	if err != nil || len(files) != 1 || !strings.HasSuffix(files[0], ".zip") {
		t.Errorf("got %v, %v; want one backup", files, err)
	}
}

func addUser(t *testing.T, url, email string) {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := postgres.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	err = db.InTx(t.Context(), func(tx pgx.Tx) error {
		return postgres.InsertUser(t.Context(), tx, postgres.User{ID: uuid.Must(uuid.NewV7()), Email: email, TimeZone: "UTC", CreatedAt: time.Now()})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBackupSchedule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"BACKUP_INTERVAL", "soon", "BACKUP_INTERVAL"}, {"BACKUP_INTERVAL", "-1h", "BACKUP_INTERVAL"}, {"BACKUP_INTERVAL", "1s", "BACKUP_INTERVAL"},
		{"BACKUP_KEEP", "0", "BACKUP_KEEP"}, {"BACKUP_KEEP", "all", "BACKUP_KEEP"}, {"BACKUP_INTERVAL", "0", ""}, {"BACKUP_KEEP", "30", ""},
	} {
		_, err := loadBackupSchedule("/data", func(name string) string { return map[string]string{c.name: c.value}[name] })
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s=%s: got %v, want %q", c.name, c.value, err, c.want)
		}
	}
	s, err := loadBackupSchedule("/data", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if want := (backupSchedule{interval: 24 * time.Hour, dir: filepath.Join(filepath.Dir(s.dir), "backups"), keep: 7}); s != want {
		t.Fatalf("got %+v, want %+v", s, want)
	}
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		newest time.Time
		want   time.Duration
	}{
		"none":          {time.Time{}, 10 * time.Minute},
		"of last week":  {now.AddDate(0, 0, -7), 10 * time.Minute},
		"of this night": {now.Add(-8 * time.Hour), 16 * time.Hour},
	} {
		if got := s.first(now, c.newest).Sub(now); got != c.want {
			t.Errorf("%s: the first backup is after %v, want %v", name, got, c.want)
		}
	}
}
