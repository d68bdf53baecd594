package backup

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A disk that becomes full leaves no partial file under the name of a backup.
func TestSaveOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := save(filepath.Join(dir, "backup.zip"), func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("half ", 10_000)); err != nil {
			return err
		}
		return syscall.ENOSPC
	})
	left, readErr := os.ReadDir(dir)
	if !errors.Is(err, syscall.ENOSPC) || readErr != nil || len(left) > 0 {
		t.Errorf("got %v, and %v is left, %v; want the disk's error and nothing", err, left, readErr)
	}
}
