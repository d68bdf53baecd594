package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An image that is too large is not made, and says how large it is.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "web.tar")
	status, _, errs := image(t, nil, usual("example.com/taskmaster-web", "-out", out, "-limit", "1")...)
	if status != 1 || !strings.Contains(errs, "MB, and the limit is 1") {
		t.Errorf("status %d: %s", status, errs)
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
}
