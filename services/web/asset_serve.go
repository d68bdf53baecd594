package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/js"
)

// served maps the file extensions that browsers may load from static to their media types.
var served = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".webmanifest": "application/manifest+json",
}

// minified lists the extensions that are minified, except in static/vendor.
var minified = map[string]bool{".js": true, ".css": true}

func newMinifier() *minify.M {
	m := minify.New()
	m.AddFunc(".js", js.Minify)
	m.AddFunc(".css", css.Minify)
	return m
}

// assets holds the files that the page loads. Their path contains a hash of their content. Browsers
// therefore cache them forever and load new files after an upgrade. Own files are minified when the
// process starts. The source stays readable, and phones load less.
//
//	/static/<hash of all files>/app.js
type assets struct {
	content map[string][]byte
	version string
}

func newAssets(files fs.FS) (*assets, error) {
	a := &assets{content: map[string][]byte{}}
	all, small := sha256.New(), newMinifier()
	err := fs.WalkDir(files, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || served[path.Ext(name)] == "" {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if kind := path.Ext(name); minified[kind] && !strings.HasPrefix(name, "static/vendor/") {
			if content, err = small.Bytes(kind, content); err != nil {
				return fmt.Errorf("minify %s: %w", name, err)
			}
		}
		fmt.Fprintln(all, name, len(content))
		all.Write(content)
		a.content[name[len("static/"):]] = content
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the page's files: %w", err)
	}
	a.version = base64.RawURLEncoding.EncodeToString(all.Sum(nil)[:9])
	return a, nil
}

// url returns the path of a file for browsers.
func (a *assets) url(name string) (string, error) {
	if _, ok := a.content[name]; !ok {
		return "", fmt.Errorf("there is no file static/%s", name)
	}
	return "/static/" + a.version + "/" + name, nil
}

// versioned serves the paths that url returns. A page that was loaded before an upgrade gets the
// current files.
func (a *assets) versioned(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if _, ok := a.content[name]; !ok {
		http.NotFound(w, r)
		return
	}
	caching := "public, max-age=31536000, immutable"
	if r.PathValue("version") != a.version {
		caching = "no-cache"
	}
	a.serve(w, r, name, caching)
}

// file serves one file at a fixed path, such as the icon. Browsers ask each time whether their copy
// is still current.
func (a *assets) file(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, name, "no-cache") })
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request, name, caching string) {
	content := a.content[name]
	sum := sha256.Sum256(content)
	w.Header().Set("Content-Type", served[path.Ext(name)])
	w.Header().Set("Cache-Control", caching)
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
