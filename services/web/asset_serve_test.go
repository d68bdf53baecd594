package main

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestFilesOfAPage(t *testing.T) {
	t.Parallel()
	e := start(t, config{})
	enter := e.do("GET", "/enter", nil)
	if enter.status != 200 || !strings.HasPrefix(enter.header.Get("Content-Type"), "text/html") {
		t.Fatalf("got %d %s, want the page", enter.status, enter.header.Get("Content-Type"))
	}
	// The policy forbids inline script and style, so browsers would ignore it.
	if inline := regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\s(style|on[a-z]+|hx-on[^=]*)=`).FindString(enter.body); inline != "" {
		t.Errorf("the page has inline script or style: %s", inline)
	}
	var waiting []string
	for _, found := range regexp.MustCompile(`(?:src|href)="(/static/[^"]*)"`).FindAllStringSubmatch(enter.body, -1) {
		waiting = append(waiting, found[1])
	}
	size, largest, seen, lazy := 0, 0, map[string]bool{}, map[string]bool{}
	for len(waiting) > 0 {
		file := waiting[0]
		waiting = waiting[1:]
		if seen[file] {
			continue
		}
		seen[file] = true
		got := e.do("GET", file, nil)
		if got.status != 200 || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: got %d, %v, want 200, cached forever", file, got.status, got.header)
		}
		if again := e.do("GET", file, nil, "If-None-Match", got.header.Get("ETag")); again.status != 304 {
			t.Errorf("%s: got %d for a matching ETag, want 304", file, again.status)
		}
		switch ext := path.Ext(file); {
		case lazy[file]:
			largest = max(largest, len(got.body))
		case ext == ".js" || ext == ".css":
			size += len(got.body)
		}
		// No page has the places of two of these modules.
		for _, found := range regexp.MustCompile(`import\("\./([^"]*)"`).FindAllStringSubmatch(got.body, -1) {
			lazy[path.Join(path.Dir(file), found[1])] = true
		}
		for _, found := range regexp.MustCompile(`\bimport\b[^;"]*"\./([^"]*)"`).FindAllStringSubmatch(got.body, -1) {
			waiting = append(waiting, path.Join(path.Dir(file), found[1]))
		}
		if strings.Contains(got.body, "innerHTML =") {
			t.Errorf("%s writes HTML", file)
		}
	}
	if size += largest; len(seen) < 8 || size > 100<<10 {
		t.Errorf("got %d bytes of script and style in %d files, want at most 100 KiB on each page", size, len(seen))
	}
	if got := e.do("GET", "/static/any/vendor/htmx.esm.min.js", nil, "Accept-Encoding", "gzip"); got.header.Get("Content-Encoding") != "gzip" || len(got.body) > 20<<10 {
		t.Errorf("got %q and %d bytes, want it compressed", got.header.Get("Content-Encoding"), len(got.body))
	}
	// A page that was loaded before an upgrade still finds its files.
	if got := e.do("GET", "/static/older/app.js", nil); got.status != 200 || got.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("got %d, %s for a file of another version, want 200 and no-cache", got.status, got.header.Get("Cache-Control"))
	}
	if got := e.do("GET", "/static/older/vendor/README.md", nil); got.status != 404 {
		t.Errorf("got %d for a file that is not served, want 404", got.status)
	}
}
