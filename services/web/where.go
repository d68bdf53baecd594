package main

import (
	"net/http"
	"net/url"
	"strings"
)

// localPath returns the address of a page of ours as it stands in a form or link, or false for anything that leads elsewhere.
func localPath(raw string) (string, bool) {
	// Browsers read a backslash as a slash, and drop tabs and line ends.
	if !strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "//") || strings.ContainsAny(raw, "\\\t\r\n") {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host != "" {
		return "", false
	}
	return u.RequestURI(), true
}

// currentPath returns the address that the browser shows, when a script of ours asks.
func currentPath(r *http.Request) (string, bool) {
	u, err := url.Parse(r.Header.Get("HX-Current-URL"))
	if err != nil || u.Path == "" {
		return "", false
	}
	return localPath(u.RequestURI())
}

// back is where to go after a form: the page that the browser shows, else the one that the form names.
func back(r *http.Request) string {
	if here, ok := currentPath(r); ok && fromHTMX(r) {
		return here
	}
	if named, ok := localPath(r.PostFormValue("back")); ok {
		return named
	}
	return "/today"
}
