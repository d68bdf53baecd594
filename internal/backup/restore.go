package backup

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/jackc/pgx/v5"

	"taskmaster/internal/postgres"
)

// Backup is a completely verified backup.
type Backup struct {
	archive  *zip.ReadCloser
	manifest manifest
}

// Open reads a backup and verifies that it is complete and unchanged. The caller must close it.
func Open(file string) (*Backup, error) {
	archive, err := zip.OpenReader(file)
	if errors.Is(err, zip.ErrFormat) {
		return nil, fmt.Errorf("%s is no backup, or was cut off: %w", file, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open backup: %w", err)
	}
	b := &Backup{archive: archive}
	if err := b.verify(); err != nil {
		return nil, errors.Join(fmt.Errorf("verify %s: %w", file, err), archive.Close())
	}
	return b, nil
}

// Close closes the file.
func (b *Backup) Close() error {
	if err := b.archive.Close(); err != nil {
		return fmt.Errorf("close backup: %w", err)
	}
	return nil
}

// MadeAt returns the time of the backup.
func (b *Backup) MadeAt() time.Time { return b.manifest.MadeAt }

func (b *Backup) verify() error {
	raw, err := b.read(manifestFile)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, &b.manifest); err != nil {
		return fmt.Errorf("decode manifest: %w", err)
	}
	m := b.manifest
	if m.Format != formatName {
		return errors.New("it is no backup of TaskMaster")
	}
	if m.Version != formatVersion {
		return fmt.Errorf("it has version %d of the format, this program reads version %d: restore it with the version of TaskMaster that made it", m.Version, formatVersion)
	}
	for _, t := range m.Tables {
		var rows lines
		if err := b.verifyPart(t.part, &rows); err != nil {
			return err
		}
		if rows.n != t.Rows {
			return fmt.Errorf("%s is damaged: it has %d rows, the manifest says %d", t.File, rows.n, t.Rows)
		}
	}
	for _, p := range m.Extra {
		if err := b.verifyPart(p, io.Discard); err != nil {
			return err
		}
	}
	return nil
}

func (b *Backup) verifyPart(p part, w io.Writer) error {
	r, err := b.archive.Open(p.File)
	if err != nil {
		return fmt.Errorf("%s is missing: %w", p.File, err)
	}
	defer r.Close()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(sum, w), io.LimitReader(r, p.Size+1))
	if err != nil {
		return fmt.Errorf("%s is damaged: %w", p.File, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.SHA256 || size != p.Size {
		return fmt.Errorf("%s is damaged: its SHA-256 is not that of the manifest", p.File)
	}
	return nil
}

// maxSmall is the maximum size of the parts that are read into memory.
const maxSmall = 16 << 20

func (b *Backup) read(file string) ([]byte, error) {
	r, err := b.archive.Open(file)
	if err != nil {
		return nil, fmt.Errorf("%s is missing: %w", file, err)
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, maxSmall))
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", file, err)
	}
	return raw, nil
}

// Extra returns a part that the caller of Save added, or nil if there is none.
func (b *Backup) Extra(name string) ([]byte, error) {
	for _, p := range b.manifest.Extra {
		if path.Base(p.File) == name {
			return b.read(p.File)
		}
	}
	return nil, nil
}

// Result is the outcome of a restore.
type Result struct {
	// Epoch is the new epoch.
	Epoch string
	// Rows is the number of restored rows.
	Rows int64
	// Events is the number of events to be published again.
	Events int64
}

// Restore fills an empty database in one transaction, and then migrates it to the current schema.
// It refuses a database with data and a backup of a newer version before it changes anything.
func (b *Backup) Restore(ctx context.Context, db *postgres.DB) (Result, error) {
	if err := postgres.PrepareRestore(ctx, db, b.manifest.Schema); err != nil {
		return Result{}, err
	}
	var result Result
	err := db.FillForRestore(ctx, func(tx pgx.Tx) (err error) {
		for _, t := range b.manifest.Tables {
			if err := b.fill(ctx, tx, t); err != nil {
				return err
			}
			result.Rows += t.Rows
		}
		for _, s := range b.manifest.Sequences {
			if err := postgres.SetSequence(ctx, tx, s); err != nil {
				return err
			}
		}
		result.Epoch, result.Events, err = postgres.Restored(ctx, tx)
		return err
	})
	if err != nil {
		return Result{}, fmt.Errorf("restore backup: %w", err)
	}
	return result, postgres.Migrate(ctx, db)
}

func (b *Backup) fill(ctx context.Context, tx pgx.Tx, t table) error {
	r, err := b.archive.Open(t.File)
	if err != nil {
		return fmt.Errorf("open %s: %w", t.File, err)
	}
	defer r.Close()
	rows, err := postgres.CopyIn(ctx, tx, t.Table, r)
	if err != nil {
		return err
	}
	if rows != t.Rows {
		return fmt.Errorf("%s got %d rows, the backup has %d", t.Name, rows, t.Rows)
	}
	return nil
}
