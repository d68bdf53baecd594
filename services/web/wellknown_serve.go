package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"taskmaster/internal/task"
)

// securityTxtPath is the path of security.txt (RFC 9116, section 3).
const securityTxtPath = "/.well-known/security.txt"

// securityTxtExpiry is the time for which a copy of security.txt counts. RFC 9116 recommends less
// than a year.
const securityTxtExpiry = 90 * 24 * time.Hour

// wellKnown adds the paths that browsers, robots and researchers look for on every site.
func (s *service) wellKnown(mux *http.ServeMux) {
	// Password managers open this path (A Well-Known URL for Changing Passwords, W3C).
	mux.Handle("GET /.well-known/change-password", http.RedirectHandler(accountPath+"#password-title", http.StatusSeeOther))
	mux.Handle("GET "+securityTxtPath, s.withErrorView(s.securityTxt))
	mux.HandleFunc("GET /robots.txt", robots)
}

// robots tells robots to stay away (RFC 9309). All pages are private.
func robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("User-agent: *\nDisallow: /\n")) // the client may have gone
}

// securityTxt names the contact for reports of vulnerabilities in this installation (RFC 9116).
func (s *service) securityTxt(w http.ResponseWriter, _ *http.Request) error {
	contact := securityContact(s.cfg)
	if contact == "" {
		return task.Errorf(task.CodeNotFound, "this installation names no contact for reports of vulnerabilities")
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Contact: %s\n", contact)
	fmt.Fprintf(&out, "Expires: %s\n", s.now().UTC().Add(securityTxtExpiry).Format(time.RFC3339))
	fmt.Fprintln(&out, "Preferred-Languages: en")
	if s.cfg.PublicURL != "" {
		fmt.Fprintf(&out, "Canonical: %s%s\n", s.cfg.PublicURL, securityTxtPath)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(out.String())) // the client may have gone
	return nil
}

// securityContact returns the configured contact. The default is the address for security at the
// host of the public URL, which RFC 2142 reserves. Without a public URL there is none.
func securityContact(c config) string {
	if c.SecurityContact != "" {
		return c.SecurityContact
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	return "mailto:security@" + u.Hostname()
}
