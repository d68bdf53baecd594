// Package backup writes an installation's data to one file, and restores an installation from it.
//
// The file is a ZIP archive, so that its parts can be read without TaskMaster:
//
//	tables/NAME.copy   a table's rows in the format of PostgreSQL's COPY (text, UTF-8)
//	extra/NAME         a part of the caller, such as the keys of web push
//	manifest.json      the format's version, the schema, and the size and SHA-256 of each part
//
// The manifest comes last, so that a truncated file has none. All tables are of one snapshot. The
// file holds password hashes, tokens' hashes and webhooks' secrets. Only its owner may read it.
package backup

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
	"taskmaster/internal/seal"
)

// The format that this version writes. It reads no other.
const (
	formatName    = "taskmaster-backup"
	formatVersion = 1
)

// manifest is the table of contents of a backup.
type manifest struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	MadeAt  time.Time `json:"made_at"`
	// Epoch is the epoch of the installation at the time of the backup. A restore starts another.
	Epoch     string              `json:"epoch"`
	Schema    postgres.Schema     `json:"schema"`
	Tables    []table             `json:"tables"` // each after the tables that it refers to
	Sequences []postgres.Sequence `json:"sequences"`
	Extra     []part              `json:"extra"`
	// ChannelKeys counts the channels whose secrets need a key of CHANNEL_KEYS, by its name.
	ChannelKeys []postgres.SealedWith `json:"channel_keys,omitempty"`
}

// part is a file in the archive.
type part struct {
	File   string `json:"file"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// table is a part that holds a table.
type table struct {
	postgres.Table
	part
	Rows int64 `json:"rows"`
}

// partialSuffix is the suffix of the name of an incomplete file.
const partialSuffix = ".partial"

// Save writes a backup of a database to a file, with extra parts by name. While it writes, the file
// is FILE.partial. It gets its name when it is complete and on the disk.
func Save(ctx context.Context, db *postgres.DB, file string, extra map[string][]byte, now time.Time) error {
	return save(file, func(w io.Writer) error { return write(ctx, db, w, extra, now) })
}

func save(file string, write func(w io.Writer) error) (err error) {
	partial := file + partialSuffix
	// A killed backup may have left a file with another owner or mode.
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove broken backup: %w", err)
	}
	f, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create backup: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // closed already, or useless
			_ = os.Remove(partial)
		}
	}()
	if err := write(f); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync backup: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close backup: %w", err)
	}
	if err := os.Rename(partial, file); err != nil {
		return fmt.Errorf("rename backup: %w", err)
	}
	return syncDir(filepath.Dir(file))
}

func write(ctx context.Context, db *postgres.DB, w io.Writer, extra map[string][]byte, now time.Time) error {
	archive := zip.NewWriter(w)
	m := manifest{Format: formatName, Version: formatVersion, MadeAt: now.UTC(), Extra: []part{}}
	err := db.ReadForBackup(ctx, func(tx pgx.Tx) (err error) {
		if m.Epoch, err = postgres.Epoch(ctx, tx); err != nil {
			return err
		}
		if m.Schema, err = postgres.SchemaOf(ctx, tx); err != nil {
			return err
		}
		tables, err := postgres.BackupTables(ctx, tx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			entry, err := newEntry(archive, "tables/"+t.Name+".copy")
			if err != nil {
				return err
			}
			rows, err := postgres.CopyOut(ctx, tx, t, entry)
			if err != nil {
				return err
			}
			m.Tables = append(m.Tables, table{t, entry.part(), rows})
		}
		if m.ChannelKeys, err = postgres.SecretKeys(ctx, tx); err != nil {
			return err
		}
		m.ChannelKeys = slices.DeleteFunc(m.ChannelKeys, func(k postgres.SealedWith) bool { return k.Key == seal.Clear })
		m.Sequences, err = postgres.Sequences(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		entry, err := newEntry(archive, "extra/"+name)
		if err != nil {
			return err
		}
		if _, err := entry.Write(extra[name]); err != nil {
			return err
		}
		m.Extra = append(m.Extra, entry.part())
	}
	entry, err := newEntry(archive, manifestFile)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(entry).Encode(m); err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("close archive: %w", err)
	}
	return nil
}

const manifestFile = "manifest.json"

// entry is a part that is being written.
type entry struct {
	file string
	w    io.Writer
	size int64
	sum  hash.Hash
}

func newEntry(archive *zip.Writer, file string) (*entry, error) {
	w, err := archive.Create(file)
	if err != nil {
		return nil, fmt.Errorf("create part %s: %w", file, err)
	}
	return &entry{file: file, w: w, sum: sha256.New()}, nil
}

func (e *entry) Write(b []byte) (int, error) {
	n, err := e.w.Write(b)
	e.size += int64(n)
	_, _ = e.sum.Write(b[:n]) // it never fails
	if err != nil {
		return n, fmt.Errorf("write %s: %w", e.file, err)
	}
	return n, nil
}

func (e *entry) part() part { return part{e.file, e.size, hex.EncodeToString(e.sum.Sum(nil))} }

// syncDir makes a file's new name survive a crash of the machine. It ignores systems that cannot
// sync a folder, such as Windows.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open folder of backup: %w", err)
	}
	_ = d.Sync()
	if err := d.Close(); err != nil {
		return fmt.Errorf("close folder of backup: %w", err)
	}
	return nil
}

// lines counts the rows of a table in COPY's text format.
type lines struct{ n int64 }

func (l *lines) Write(b []byte) (int, error) {
	l.n += int64(bytes.Count(b, []byte{'\n'}))
	return len(b), nil
}
