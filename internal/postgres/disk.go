package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// diskQuiet is how long all writes must succeed before the disk counts as writable again. On a full
// disk small writes sometimes succeed, and the state would change with each.
const diskQuiet = 10 * time.Second

// probeDisk writes one megabyte.
const probeDisk = `CREATE TEMPORARY TABLE disk_probe ON COMMIT DROP AS SELECT repeat('x', 1024) FROM generate_series(1, 1024)`

// Disk is the state of the database server's disk. All DBs of a process share one Disk. The log
// then has one line when the disk is full and one when it has room again.
type Disk struct {
	log *slog.Logger

	mu sync.Mutex
	// since is the time of the first failed write, and last that of the latest one. Both are zero
	// while the disk has room.
	since, last time.Time
}

// NewDisk returns the state of a disk that has room.
func NewDisk(log *slog.Logger) *Disk { return &Disk{log: log} }

// Full reports whether writes fail because the disk is full.
func (d *Disk) Full() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.since.IsZero()
}

func (d *Disk) noteFull(ctx context.Context, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = time.Now()
	if d.since.IsZero() {
		d.since = d.last
		d.log.ErrorContext(ctx, "database disk full, changes are refused", "error", err)
	}
}

// noteWrite records a committed write.
func (d *Disk) noteWrite(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.since.IsZero() || time.Since(d.last) < diskQuiet {
		return
	}
	d.log.InfoContext(ctx, "database disk has room again", "after", time.Since(d.since).Round(time.Second))
	d.since, d.last = time.Time{}, time.Time{}
}

// quiet reports whether the disk is full and no write has failed for diskQuiet.
func (d *Disk) quiet() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.since.IsZero() && time.Since(d.last) >= diskQuiet
}

// ShareDisk makes db use the Disk of other DBs of the process. Call it before the first
// transaction.
func (db *DB) ShareDisk(d *Disk) { db.disk = d }

// CheckDisk returns an error of code disk_full while the database's disk is full. It writes from
// time to time to find out whether there is room again. Without that, a system whose users have
// given up would stay read-only.
func (db *DB) CheckDisk(ctx context.Context) error {
	if db.disk.quiet() {
		// After any error the disk still counts as full.
		_ = db.InTx(ctx, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, probeDisk); err != nil {
				return fmt.Errorf("probe disk: %w", err)
			}
			return nil
		})
	}
	if db.disk.Full() {
		return errDiskFull
	}
	return nil
}
