package testkit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskmaster/internal/testkit"
)

// reporter records the failures of a test.
type reporter struct {
	testing.TB
	failed string
}

func (r *reporter) Errorf(format string, args ...any) { r.failed += fmt.Sprintf(format, args...) }

// TestGolden compares texts with a file, and then rewrites the file.
func TestGolden(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "x.golden")
	if err := os.WriteFile(file, []byte("one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !testkit.Golden(t, false, file, "one\n") {
		t.Error("the same text differs")
	}
	r := &reporter{TB: t}
	if testkit.Golden(r, false, file, "two\n") || !strings.Contains(r.failed, "two") {
		t.Errorf("another text was reported as %q", r.failed)
	}
	if !testkit.Golden(t, true, file, "two\n") || !testkit.Golden(t, false, file, "two\n") {
		t.Error("the file was not rewritten")
	}
}
