package proxy

import (
	"net/http"

	"taskmaster/internal/telemetry"
)

// VersionHeader lets a page that was left open over an upgrade notice the new version.
const VersionHeader = "Taskmaster-Version"

const (
	hstsHeader = "Strict-Transport-Security"
	hstsYear   = "max-age=31536000; includeSubDomains"
)

// SecurityHeaders returns the headers of every response. The page loads nothing from other sites.
// Its HTML contains no script or style, and no other site can put it into a frame.
func SecurityHeaders() map[string]string {
	return map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
			"manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
	}
}

// WithHeaders adds the security headers and the page's version to every response of h. With https,
// browsers are told to use nothing else.
func WithHeaders(h http.Handler, version string, https bool) http.Handler {
	security := SecurityHeaders()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range security {
			w.Header().Set(name, value)
		}
		w.Header().Set(VersionHeader, version)
		if https {
			w.Header().Set(hstsHeader, hstsYear)
		}
		h.ServeHTTP(w, r)
	})
}

// dropHeaders removes the headers of WithHeaders from an upstream's response.
func dropHeaders(h http.Header, security map[string]string) {
	for name := range security {
		h.Del(name)
	}
	h.Del(hstsHeader)
	h.Del(VersionHeader)
	h.Del(telemetry.RequestIDHeader) // the proxy has set it
}
