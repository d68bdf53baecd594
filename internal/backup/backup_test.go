package backup_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/backup"
	"taskmaster/internal/postgres"
	"taskmaster/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

var now = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// A backup during writes is a consistent snapshot. After a restore, every table has the rows of the
// snapshot, and the installation works.
func TestBackupWhileWritingAndRestore(t *testing.T) {
	t.Parallel()
	db := postgrestest.OpenFor(t, 12)
	owner := fill(t, db)
	file := filepath.Join(t.TempDir(), "backup.zip")
	writing, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var written atomic.Int64
	for range 4 {
		user := postgrestest.NewUser(t, db, now)
		writers.Go(func() {
			for writing.Err() == nil {
				if err := change(writing, db, user, "while it is backed up"); err != nil && writing.Err() == nil {
					t.Error(err)
					return
				}
				written.Add(1)
			}
		})
	}
	enough := func(n int64) {
		for deadline := time.Now().Add(time.Minute); written.Load() < n; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("only %d changes were made", written.Load())
			}
		}
	}
	enough(50)
	if err := backup.Save(t.Context(), db, file, map[string][]byte{"vapid.json": []byte(`{"public": "p"}`)}, now); err != nil {
		t.Fatal(err)
	}
	enough(written.Load() + 10)
	stop()
	writers.Wait()

	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v; want only the owner to read it", info.Mode(), err)
	}
	b := open(t, file)
	if extra, err := b.Extra("vapid.json"); err != nil || string(extra) != `{"public": "p"}` {
		t.Errorf("got the extra part %q, %v", extra, err)
	}
	restored := empty(t)
	result, err := b.Restore(t.Context(), restored)
	if err != nil {
		t.Fatal(err)
	}
	if result.Rows == 0 || result.Events == 0 || result.Epoch == epoch(t, db) {
		t.Errorf("got %+v, want rows, events and another epoch than %s", result, epoch(t, db))
	}

	// Nobody changed the owner's rows after the backup. All of them are restored unchanged.
	var usage []int64
	for _, database := range []*postgres.DB{db, restored} {
		in(t, database, func(ctx context.Context, tx pgx.Tx) error {
			counted, err := postgres.Usage(ctx, tx, owner)
			usage = append(usage, counted)
			return err
		})
	}
	if usage[0] == 0 || usage[1] != usage[0] {
		t.Errorf("the account stores %d bytes after the restore, want %d", usage[1], usage[0])
	}
	want, got := rowsOf(t, db, owner), rowsOf(t, restored, owner)
	for name := range want {
		if len(want[name]) == 0 {
			t.Errorf("the test has no rows of %s", name)
		}
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s: got %q, want %q", name, got[name], want[name])
		}
	}
	// The backup is one snapshot: a user's revision is the newest change's revision.
	in(t, restored, func(ctx context.Context, tx pgx.Tx) error {
		var users, torn int
		err := tx.QueryRow(ctx, `
			SELECT count(*), count(*) FILTER (WHERE revision <> (SELECT coalesce(max(revision), 0) FROM outbox o WHERE o.user_id = u.id)
				OR revision <> (SELECT count(*) FROM outbox o WHERE o.user_id = u.id AND topic = 'task-updates')) FROM users u`).Scan(&users, &torn)
		if users != 5 || torn > 0 {
			t.Errorf("of %d users %d are torn, want 5 and none", users, torn)
		}
		return err
	})
	// The installation continues to work: ids, sequences, reminders.
	in(t, restored, func(ctx context.Context, tx pgx.Tx) error {
		var scheduled int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM reminders WHERE state = 'pending' AND job_at IS NOT NULL`).Scan(&scheduled)
		if scheduled > 0 {
			t.Errorf("%d reminders count as scheduled, want none", scheduled)
		}
		return err
	})
	if err := change(t.Context(), restored, owner, "after the restore"); err != nil {
		t.Error(err)
	}
	queue(t, restored)
	in(t, restored, func(ctx context.Context, tx pgx.Tx) error {
		var behind int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM outbox WHERE seq > (SELECT last_value FROM outbox_seq_seq)`).Scan(&behind)
		if behind > 0 {
			t.Errorf("the sequence is behind %d rows", behind)
		}
		return err
	})
	if err := postgres.CheckVersion(t.Context(), restored); err != nil {
		t.Error(err)
	}
}

// Restore refuses a target with data and a damaged file before it changes anything.
func TestRestoreRefusals(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	fill(t, db)
	dir := t.TempDir()
	file := filepath.Join(dir, "backup.zip")
	if err := backup.Save(t.Context(), db, file, nil, now); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, file).Restore(t.Context(), db); err == nil || !strings.Contains(err.Error(), "the target is not empty") {
		t.Errorf("into the same database: got %v, want it refused", err)
	}
	newer := postgrestest.NewerURL(t)
	target, err := postgres.Open(t.Context(), newer, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.Close)
	if _, err := open(t, file).Restore(t.Context(), target); err == nil || !strings.Contains(err.Error(), "restore it into a database without any tables") {
		t.Errorf("into a newer schema: got %v, want it refused", err)
	}
	later := filepath.Join(dir, "later.zip")
	if err := backup.Save(t.Context(), target, later, nil, now); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, later).Restore(t.Context(), postgrestest.Open(t)); err == nil || !strings.Contains(err.Error(), "the backup is of a newer version of TaskMaster") {
		t.Errorf("of a newer version: got %v, want it refused", err)
	}

	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(dir, "damaged.zip")
	refused := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(damaged, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := backup.Open(damaged); err == nil {
			t.Errorf("%s was accepted", name)
			b.Close()
		}
	}
	refused("an empty file", nil)
	refused("another file", []byte(strings.Repeat("not a backup\n", 1000)))
	for _, part := range []int{1, len(whole) / 3, len(whole) / 2, len(whole) - 1} {
		refused(fmt.Sprintf("the first %d of %d bytes", part, len(whole)), whole[:part])
	}
	// Flip one bit in each part of the file.
	for at := 60; at < len(whole); at += len(whole) / 40 {
		flipped := slices.Clone(whole)
		flipped[at] ^= 0x10
		if err := os.WriteFile(damaged, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := backup.Open(damaged)
		if err != nil {
			continue
		}
		// A bit without effect on the content, such as in a time of the archive, may differ.
		into := empty(t)
		if _, err := b.Restore(t.Context(), into); err != nil {
			t.Errorf("byte %d: verified, and then: %v", at, err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A failed backup leaves the previous file and nothing else.
func TestUnfinishedBackup(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	fill(t, db)
	dir := t.TempDir()
	file := filepath.Join(dir, "backup.zip")
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := backup.Save(ctx, db, file, nil, now); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	names := list(t, dir)
	content, err := os.ReadFile(file)
	if err != nil || string(content) != "before" || !slices.Equal(names, []string{"backup.zip"}) {
		t.Errorf("got %q in %q, %v; want only the previous file", content, names, err)
	}
}

func TestRotate(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	dir := filepath.Join(t.TempDir(), "backups")
	if at, err := backup.Newest(dir); err != nil || !at.IsZero() {
		t.Errorf("got %v, %v; want none", at, err)
	}
	for day := range 4 {
		if _, err := backup.Rotate(t.Context(), db, dir, 2, nil, now.AddDate(0, 0, day)); err != nil {
			t.Fatal(err)
		}
		if day == 0 {
			for _, name := range []string{"mine.zip", "taskmaster-old.zip", "taskmaster-20260302T100000Z.zip.partial"} {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	want := []string{"mine.zip", "taskmaster-20260304T100000Z.zip", "taskmaster-20260305T100000Z.zip", "taskmaster-old.zip"}
	if got := list(t, dir); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if at, err := backup.Newest(dir); err != nil || !at.Equal(now.AddDate(0, 0, 3)) {
		t.Errorf("got %v, %v; want the last", at, err)
	}
}
