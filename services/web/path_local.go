package main

import (
	"net/http"
	"net/url"
	"strings"
)

// localPath returns a path of this site from a form or link. It returns false for an address of
// another site.
func localPath(raw string) (string, bool) {
	// Browsers treat a backslash as a slash, and drop tabs and line ends.
	if !strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "//") || strings.ContainsAny(raw, "\\\t\r\n") {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host != "" {
		return "", false
	}
	return u.RequestURI(), true
}

// currentPath returns the address that the browser shows. It is known only for requests of the
// page's scripts.
func currentPath(r *http.Request) (string, bool) {
	u, err := url.Parse(r.Header.Get("HX-Current-URL"))
	if err != nil || u.Path == "" {
		return "", false
	}
	return localPath(u.RequestURI())
}

// back returns the page that follows a form: the page in the browser, else the page that the form
// names.
func back(r *http.Request) string {
	if here, ok := currentPath(r); ok && fromHTMX(r) {
		return here
	}
	if named, ok := localPath(r.PostFormValue("back")); ok {
		return named
	}
	return "/today"
}
