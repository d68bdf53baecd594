package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var (
	anchor = regexp.MustCompile(`href="#([^"]+)"`)
	idAttr = regexp.MustCompile(` id="([^"]+)"`)
)

// TestDocs shows that the description of the API needs no account, names every operation and schema,
// and that its links lead somewhere.
func TestDocs(t *testing.T) {
	t.Parallel()
	got := start(t, config{}).do("GET", "/api/v1/docs", nil)
	if got.status != http.StatusOK {
		t.Fatalf("got %d: %s", got.status, got.body)
	}
	if kind := got.header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("got content type %q, want HTML", kind)
	}
	ids := map[string]bool{}
	for _, found := range idAttr.FindAllStringSubmatch(got.body, -1) {
		if ids[found[1]] {
			t.Errorf("the id %s is not unique", found[1])
		}
		ids[found[1]] = true
	}
	for _, found := range anchor.FindAllStringSubmatch(got.body, -1) {
		if !ids[found[1]] {
			t.Errorf("the link to #%s leads nowhere", found[1])
		}
	}
	for _, id := range []string{"createTask", "listDeliveries", "importTasks", "schema-Task", "schema-ImportNote"} {
		if !ids[id] {
			t.Errorf("there is no section %s", id)
		}
	}
	for _, text := range []string{"/api/v1/tasks/{id}/complete", "scope tasks:write", "at most 16000 characters", "one of none, low, medium, high", "no account needed"} {
		if !strings.Contains(got.body, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
	if !strings.Contains(got.body, `<details class="docs-contents">`) {
		t.Error("the contents are open at first, so that they fill the first screens of a phone")
	}
	if strings.Contains(got.body, "<script") || strings.Contains(got.body, "style=") {
		t.Error("the page has a script or a style, which the policy forbids")
	}
}

// TestDocumentsOfTheAPI shows that programs get the documents from api.
func TestDocumentsOfTheAPI(t *testing.T) {
	t.Parallel()
	e := start(t, config{APIURLs: []string{named(t, "api")}})
	for _, path := range []string{"/api/v1/openapi.json", "/api/v1/openapi-3.0.json", "/api/v1/asyncapi.json"} {
		if got, want := e.do("GET", path, nil).body, "api GET "+path; got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
