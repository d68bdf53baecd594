package dapr

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryFileHasAComment fails when a file for Dapr does not begin with a comment on its purpose.
func TestEveryFileHasAComment(t *testing.T) {
	t.Parallel()
	count := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".yaml" {
			return err
		}
		count++
		text, err := os.ReadFile(name)
		if err == nil && !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s does not begin with a comment on its purpose", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 10 {
		t.Errorf("found %d files, there are at least 10", count)
	}
}
