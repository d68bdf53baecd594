package testkit

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Golden compares a text with a golden file, and reports whether they are equal. With update it
// rewrites the file first. A review of the file then shows every change of the text.
func Golden(t testing.TB, update bool, file, got string) bool {
	t.Helper()
	if update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file) //nolint:gosec // the test chooses the file
	if err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(string(want), got)
	if diff != "" {
		t.Errorf("the text differs from %s (-want +got):\n%s\nif that is intended, run the test with -update", file, diff)
	}
	return diff == ""
}
