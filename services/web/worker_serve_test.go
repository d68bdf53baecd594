package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// The service worker is served at the root, because its scope is the paths below it. Browsers ask
// for it each time, and the files that it names exist.
func TestServiceWorker(t *testing.T) {
	t.Parallel()
	e := start(t, config{})
	got := e.do("GET", "/sw.js", nil)
	if got.status != 200 || got.header.Get("Content-Type") != "text/javascript; charset=utf-8" || got.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("got %d %v, want a script that is not kept", got.status, got.header)
	}
	var files []string
	match := regexp.MustCompile(`const files = (.*);\n`).FindStringSubmatch(got.body)
	if match == nil || json.Unmarshal([]byte(match[1]), &files) != nil || len(files) < 5 {
		t.Fatalf("got %.200s, want it to name the page's files", got.body)
	}
	for _, file := range append(files, "/offline") {
		if got := e.do("GET", file, nil); got.status != 200 {
			t.Errorf("%s: status %d", file, got.status)
		}
	}
}

// Browsers can install the page: the manifest has its name, its start page and its icons.
func TestManifest(t *testing.T) {
	t.Parallel()
	e := start(t, config{})
	page := e.do("GET", "/enter", nil)
	match := regexp.MustCompile(`<link rel="manifest" href="([^"]*)">`).FindStringSubmatch(page.body)
	if match == nil {
		t.Fatal("the page names no manifest")
	}
	at := match[1]
	got := e.do("GET", at, nil)
	var manifest struct {
		Name     string `json:"name"`
		StartURL string `json:"start_url"`
		Display  string `json:"display"`
		Icons    []struct {
			Src     string `json:"src"`
			Sizes   string `json:"sizes"`
			Purpose string `json:"purpose"`
		} `json:"icons"`
	}
	if err := json.Unmarshal([]byte(got.body), &manifest); err != nil || got.header.Get("Content-Type") != "application/manifest+json" {
		t.Fatalf("got %v of type %s", err, got.header.Get("Content-Type"))
	}
	if manifest.Name == "" || manifest.StartURL != "/today" || manifest.Display != "standalone" {
		t.Errorf("got %+v", manifest)
	}
	var sizes []string
	for _, icon := range manifest.Icons {
		sizes = append(sizes, icon.Sizes+" "+icon.Purpose)
		icon := e.do("GET", at[:strings.LastIndex(at, "/")+1]+icon.Src, nil)
		if icon.status != 200 || icon.header.Get("Content-Type") != "image/png" {
			t.Errorf("icon: status %d, type %s", icon.status, icon.header.Get("Content-Type"))
		}
	}
	if got := strings.Join(sizes, ", "); got != "192x192 any, 512x512 any, 512x512 maskable" {
		t.Errorf("got icons %s", got)
	}
}
