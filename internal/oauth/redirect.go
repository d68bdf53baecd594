package oauth

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// maxRedirect is the longest redirect URI in bytes.
const maxRedirect = 1000

// hostName is the form of a host in a redirect URI. The host becomes a part of a header of the
// consent page, so it must have no other characters.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// taken are schemes with a meaning of their own. Any other scheme belongs to a program on the
// person's machine (RFC 8252, section 7.1). Programs in use have schemes without a dot, such as
// cursor and vscode.
var taken = []string{
	"about", "blob", "chrome", "data", "file", "filesystem", "ftp", "http", "https", "intent", "javascript", "mailto", "sms", "tel",
	"vbscript", "view-source", "ws", "wss",
}

// checkRedirect reports whether a URI may receive codes: https, http to the own machine with any
// port, or a private scheme. A reason is in words.
func checkRedirect(raw string) (reason string) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > maxRedirect || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "is not a URI"
	case strings.Contains(raw, "#"):
		return "has a fragment"
	case u.User != nil:
		return "has a user"
	case u.Scheme == "https" && hostName.MatchString(u.Hostname()), u.Scheme == "http" && isLoopback(u.Hostname()):
		return ""
	case u.Scheme == "https":
		return "has no host name"
	case u.Scheme == "http":
		return "is not encrypted: use https, or http to localhost"
	case u.Scheme == "" || slices.Contains(taken, u.Scheme):
		return "is neither https nor the scheme of a program"
	}
	return ""
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback() && addr.Zone() == ""
}

// withoutPort returns a redirect URI to the own machine without its port. The port is chosen anew for
// each login (RFC 8252, section 7.3). Any other URI stays as it is.
func withoutPort(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" || !isLoopback(u.Hostname()) {
		return raw
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host = host
	return u.String()
}

// mayRedirect reports whether a client registered a redirect URI. URIs are compared as strings.
func mayRedirect(registered []string, uri string) bool {
	return checkRedirect(uri) == "" && slices.ContainsFunc(registered, func(r string) bool {
		return r == uri || withoutPort(r) == withoutPort(uri)
	})
}

// Place is where a code goes, in the words of the consent page.
type Place struct {
	// Host is a host, or the scheme of a program.
	Host string
	// Own reports that a program on the person's machine receives the code. It can be any program.
	Own bool
	// FormAction is the source that the Content-Security-Policy of the consent page has to allow.
	FormAction string
}

// PlaceOf returns the place of a redirect URI that passed checkRedirect.
func PlaceOf(uri string) Place {
	u, err := url.Parse(uri)
	if err != nil {
		return Place{}
	}
	switch {
	case u.Scheme == "https":
		return Place{Host: u.Host, FormAction: "https://" + u.Host}
	case u.Scheme == "http" && strings.HasPrefix(u.Host, "["):
		return Place{u.Host, true, "http:"} // a policy cannot name an IPv6 address
	case u.Scheme == "http":
		return Place{u.Host, true, "http://" + u.Host}
	}
	return Place{u.Scheme + ":", true, u.Scheme + ":"}
}
