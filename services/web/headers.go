package main

import (
	"net/http"
	"strings"
)

// securityHeaders go with every answer. The page loads nothing from elsewhere, has no script or style in its HTML, and is
// shown in no frame.
var securityHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
}

const (
	hstsHeader = "Strict-Transport-Security"
	hstsYear   = "max-age=31536000"
)

// versionHeader tells a page that was left open over an upgrade that there is another version of it.
const versionHeader = "Taskmaster-Version"

func (w *web) withHeaders(h http.Handler) http.Handler {
	secure := strings.HasPrefix(w.cfg.PublicURL, "https://")
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		for name, value := range securityHeaders {
			rw.Header().Set(name, value)
		}
		rw.Header().Set(versionHeader, w.version)
		if secure {
			rw.Header().Set(hstsHeader, hstsYear)
		}
		h.ServeHTTP(rw, r)
	})
}

// dropHeaders removes from an upstream's answer what is the edge's to say.
func dropHeaders(res *http.Response) error {
	for name := range securityHeaders {
		res.Header.Del(name)
	}
	res.Header.Del(hstsHeader)
	res.Header.Del(versionHeader)
	return nil
}
