package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTooLarge checks that an image above the size limit is not written. The error states its size.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "web.tar")
	status, _, errs := image(t, nil, imageArguments("example.com/taskmaster-web", "-out", out, "-limit", "1")...)
	if status != 1 || !strings.Contains(errs, "MB exceeds the limit of 1") {
		t.Errorf("status %d: %s", status, errs)
	}
	if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the image was written: %v", err)
	}
}
