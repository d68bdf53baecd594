package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
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

//go:embed static
var staticFiles embed.FS

// served are the kinds of files of which browsers are given those in static.
var served = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".webmanifest": "application/manifest+json",
}

// minified are those of them that are made smaller, unless somebody else wrote them.
var minified = map[string]bool{".js": true, ".css": true}

func newMinifier() *minify.M {
	m := minify.New()
	m.AddFunc(".js", js.Minify)
	m.AddFunc(".css", css.Minify)
	return m
}

// assets are the files that the page loads. They are reached under a path that names their content, so that a browser
// keeps them for good and asks for others once there are others. Ours are minified when the process starts, so that what is
// read by people is not what a phone has to load:
//
//	/static/<hash of all>/app.js
type assets struct {
	content map[string][]byte
	version string
}

func newAssets() (*assets, error) {
	a := &assets{content: map[string][]byte{}}
	all, small := sha256.New(), newMinifier()
	err := fs.WalkDir(staticFiles, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || served[path.Ext(name)] == "" {
			return err
		}
		content, err := staticFiles.ReadFile(name)
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

// url is where a browser finds a file.
func (a *assets) url(name string) (string, error) {
	if _, ok := a.content[name]; !ok {
		return "", fmt.Errorf("there is no file static/%s", name)
	}
	return "/static/" + a.version + "/" + name, nil
}

// versioned serves what url names. A page that was loaded before the files changed is given those there are now.
func (a *assets) versioned(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if _, ok := a.content[name]; !ok {
		http.NotFound(rw, r)
		return
	}
	caching := "public, max-age=31536000, immutable"
	if r.PathValue("version") != a.version {
		caching = "no-cache"
	}
	a.serve(rw, r, name, caching)
}

// file serves one file at a path that stays, such as a service worker's: browsers ask each time whether theirs is still good.
func (a *assets) file(name string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { a.serve(rw, r, name, "no-cache") })
}

func (a *assets) serve(rw http.ResponseWriter, r *http.Request, name, caching string) {
	content := a.content[name]
	sum := sha256.Sum256(content)
	rw.Header().Set("Content-Type", served[path.Ext(name)])
	rw.Header().Set("Cache-Control", caching)
	rw.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(rw, r, name, time.Time{}, bytes.NewReader(content))
}
