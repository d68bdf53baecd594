package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"time"
)

//go:embed page
var pageFiles embed.FS

// page is the files that the browser is given.
type page struct {
	content map[string][]byte
}

func newPage() (*page, error) {
	entries, err := fs.ReadDir(pageFiles, "page")
	if err != nil {
		return nil, fmt.Errorf("list page: %w", err)
	}
	p := &page{content: map[string][]byte{}}
	for _, e := range entries {
		if p.content[e.Name()], err = fs.ReadFile(pageFiles, "page/"+e.Name()); err != nil {
			return nil, fmt.Errorf("read page: %w", err)
		}
	}
	return p, nil
}

// file serves one file, known by its content: browsers ask each time whether theirs is still good.
func (p *page) file(name string) http.Handler {
	content := p.content[name]
	sum := sha256.Sum256(content)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Cache-Control", "no-cache")
		rw.Header().Set("ETag", etag)
		http.ServeContent(rw, r, name, time.Time{}, bytes.NewReader(content))
	})
}
