package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskmaster/internal/postgres/postgrestest"
)

// TestBackupCommands makes and restores a backup by command, and makes the possible mistakes.
func TestBackupCommands(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "backup.zip")
	a := newTestAPI(t)
	p := a.newPerson(t)
	p.newTask(t, object{"title": "one"})
	t.Setenv("DATABASE_URL", a.db.Pool().Config().ConnString())
	t.Setenv("VAPID_PUBLIC_KEY", "public")
	t.Setenv("VAPID_PRIVATE_KEY", "private")
	for _, args := range [][]string{{file}, {"-to", dir, "-keep", "1"}} {
		if err := backupCommand(t.Context(), args); err != nil {
			t.Fatalf("backup %q: %v", args, err)
		}
	}
	if files, err := filepath.Glob(filepath.Join(dir, "taskmaster-*.zip")); err != nil || len(files) != 1 {
		t.Errorf("got %v, %v; want one file named by the time", files, err)
	}
	if err := restoreCommand(t.Context(), []string{file}); err == nil || !strings.Contains(err.Error(), "the target is not empty: there are rows in ") {
		t.Errorf("into a filled database: got %v, want it refused", err)
	}
	t.Setenv("DATABASE_URL", postgrestest.EmptyURL(t))
	if err := restoreCommand(t.Context(), []string{file}); err != nil {
		t.Errorf("into an empty database: %v", err)
	}
	half := filepath.Join(dir, "half.zip")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command func() error
		want    string
	}{
		{func() error { return backupCommand(t.Context(), nil) }, "name one file"},
		{func() error { return backupCommand(t.Context(), []string{"-to", dir, file}) }, "name one file"},
		{func() error { return backupCommand(t.Context(), []string{"-to", dir, "-keep", "0"}) }, "-keep"},
		{func() error { return backupCommand(t.Context(), []string{filepath.Join(dir, "none", "x.zip")}) }, "create backup"},
		{func() error { return restoreCommand(t.Context(), nil) }, "name the one file"},
		{func() error { return restoreCommand(t.Context(), []string{filepath.Join(dir, "none.zip")}) }, "open backup"},
		{func() error { return restoreCommand(t.Context(), []string{half}) }, "is no backup, or was cut off"},
		{func() error { return restoredCommand(t.Context(), []string{"now"}) }, "unexpected argument"},
	} {
		if err := c.command(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
