package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"taskmaster/internal/postgres"
)

// The names of scheduled backups contain their time, so that they sort by age.
const (
	namePattern = "taskmaster-*.zip"
	nameLayout  = "taskmaster-20060102T150405Z.zip"
)

// Rotate saves a backup in a folder and then removes the oldest ones, so that keep remain. It
// removes none before the new one is complete. It returns the new file.
func Rotate(ctx context.Context, db *postgres.DB, dir string, keep int, extra map[string][]byte, now time.Time) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("create folder of backups: %w", err)
	}
	// A killed backup may have left a partial file.
	partials, err := filepath.Glob(filepath.Join(dir, namePattern+partialSuffix))
	if err != nil {
		return "", fmt.Errorf("list broken backups: %w", err)
	}
	for _, partial := range partials {
		if err := os.Remove(partial); err != nil {
			return "", fmt.Errorf("remove broken backup: %w", err)
		}
	}
	file := filepath.Join(dir, now.UTC().Format(nameLayout))
	if err := Save(ctx, db, file, extra, now); err != nil {
		return "", err
	}
	files, err := scheduled(dir)
	if err != nil {
		return "", err
	}
	var errs []error
	for _, old := range files[:max(0, len(files)-keep)] {
		errs = append(errs, os.Remove(old))
	}
	if err := errors.Join(errs...); err != nil {
		return "", fmt.Errorf("remove old backup: %w", err)
	}
	return file, nil
}

// Newest returns the time of the newest backup in a folder. It returns the zero time if there is
// none.
func Newest(dir string) (time.Time, error) {
	files, err := scheduled(dir)
	if err != nil || len(files) == 0 {
		return time.Time{}, err
	}
	return madeAt(files[len(files)-1])
}

// scheduled returns the scheduled backups in a folder, the oldest first. It leaves out files with
// similar names.
func scheduled(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, namePattern))
	if err != nil {
		return nil, fmt.Errorf("list backups: %w", err)
	}
	files = slices.DeleteFunc(files, func(file string) bool {
		_, err := madeAt(file)
		return err != nil
	})
	slices.Sort(files)
	return files, nil
}

func madeAt(file string) (time.Time, error) {
	at, err := time.Parse(nameLayout, filepath.Base(file))
	if err != nil {
		return time.Time{}, fmt.Errorf("read time of backup: %w", err)
	}
	return at, nil
}
