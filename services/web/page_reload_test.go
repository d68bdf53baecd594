package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// With PAGE_DIR an edit of a template and of a style shows on the next request, without a restart.
func TestEditShowsOnReload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, pageFiles); err != nil {
		t.Fatal(err)
	}
	e := start(t, config{PageDir: dir})
	edit := func(name, old, replacement string) {
		t.Helper()
		file := filepath.Join(dir, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), old) {
			t.Fatalf("%s lacks %q", name, old)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, replacement, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	style := regexp.MustCompile(`/static/[\w-]+/style\.css`)
	path := style.FindString(e.do("GET", "/enter", nil).body)

	edit("templates/layout.html", "</title>", " edited</title>")
	if body := e.do("GET", "/enter", nil).body; !strings.Contains(body, "edited</title>") {
		t.Errorf("the edit of the template does not show: %.300s", body)
	}
	edit("static/style.css", ":root", ".edited{top:0}:root")
	edited := style.FindString(e.do("GET", "/enter", nil).body)
	if edited == path {
		t.Errorf("the edited style has the path of the earlier one, %s", path)
	}
	if got := e.do("GET", edited, nil); !strings.Contains(got.body, ".edited") {
		t.Errorf("the edit of the style does not show: status %d, %.100s", got.status, got.body)
	}
	edit("templates/layout.html", "<html", "{{broken}}<html")
	got := e.do("GET", "/enter", nil)
	if got.status != http.StatusInternalServerError {
		t.Errorf("a broken template answers %d, want 500", got.status)
	}
	if !strings.Contains(got.body, "layout.html") {
		t.Errorf("the answer does not name the broken template: %s", got.body)
	}
}
