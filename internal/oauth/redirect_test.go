package oauth

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRedirects has the redirect URIs that clients register, and those that attackers would.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"https://claude.ai/api/mcp/auth_callback":                   "",
		"https://chatgpt.com/connector_platform_oauth_redirect":     "",
		"https://vscode.dev/redirect":                               "",
		"https://www.cursor.com/agents/mcp/oauth/callback":          "",
		"https://app.example.com:8443/cb?tenant=1":                  "",
		"cursor://anysphere.cursor-mcp/oauth/callback":              "",
		"com.example.app:/oauth":                                    "",
		"http://localhost:33418/callback":                           "",
		"http://localhost/callback":                                 "",
		"http://127.0.0.1:6274/oauth/callback":                      "",
		"http://[::1]:6274/oauth/callback":                          "",
		"http://claude.ai/api/mcp/auth_callback":                    "is not encrypted: use https, or http to localhost",
		"http://localhost.evil.example.com/cb":                      "is not encrypted: use https, or http to localhost",
		"http://0.0.0.0/cb":                                         "is not encrypted: use https, or http to localhost",
		"https://claude.ai/cb#part":                                 "has a fragment",
		"https://claude.ai/cb#":                                     "has a fragment",
		"https://claude.ai@evil.example.com/cb":                     "has a user",
		"https://evil.example.com;script-src-elem/cb":               "has no host name",
		"https://bücher.example.com/cb":                             "is not a URI",
		"https:///cb":                                               "has no host name",
		"https://a.example.com/ cb":                                 "is not a URI",
		"https://a.example.com/\r\nSet-Cookie:x=y":                  "is not a URI",
		"https://a.example.com/" + strings.Repeat("x", maxRedirect): "is not a URI",
		"javascript://localhost/%0aalert(1)":                        "is neither https nor the scheme of a program",
		"JavaScript:alert(1)":                                       "is neither https nor the scheme of a program",
		"data:text/html,x":                                          "is neither https nor the scheme of a program",
		"file:///etc/passwd":                                        "is neither https nor the scheme of a program",
		"/callback":                                                 "is neither https nor the scheme of a program",
		"":                                                          "is neither https nor the scheme of a program",
	} {
		if got := checkRedirect(uri); got != want {
			t.Errorf("%q: got %q, want %q", uri, got, want)
		}
	}
}

// TestRedirectsAreCompared shows that only the port of a program on the own machine may differ.
func TestRedirectsAreCompared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		registered, uri string
		want            bool
	}{
		{"https://claude.ai/cb", "https://claude.ai/cb", true},
		{"https://claude.ai/cb", "https://claude.ai/cb/", false},
		{"https://claude.ai/cb", "https://claude.ai/cb?x=1", false},
		{"https://claude.ai/cb", "https://claude.ai:444/cb", false},
		{"https://claude.ai/cb", "https://claude.ai.example.com/cb", false},
		{"http://localhost:1/cb", "http://localhost:65535/cb", true},
		{"http://localhost/cb", "http://localhost:3118/cb", true},
		{"http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", true},
		{"http://[::1]:1/cb", "http://[::1]:2/cb", true},
		{"http://localhost:1/cb", "http://localhost:1/other", false},
		{"http://localhost:1/cb", "http://127.0.0.1:1/cb", false},
		{"http://localhost:1/cb", "https://localhost:1/cb", false},
		{"cursor://a/cb", "cursor://a/cb", true},
		{"cursor://a/cb", "cursor://b/cb", false},
		{"https://claude.ai/cb", "", false},
	} {
		if got := mayRedirect([]string{"https://other.example.com/cb", c.registered}, c.uri); got != c.want {
			t.Errorf("%s was registered, %s: got %v, want %v", c.registered, c.uri, got, c.want)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]Place{
		"https://claude.ai/cb":          {"claude.ai", false, "https://claude.ai"},
		"https://a.example.com:8443/cb": {"a.example.com:8443", false, "https://a.example.com:8443"},
		"http://localhost:3118/cb":      {"localhost:3118", true, "http://localhost:3118"},
		"http://[::1]:3118/cb":          {"[::1]:3118", true, "http:"},
		"cursor://anysphere/cb":         {"cursor:", true, "cursor:"},
	} {
		if diff := cmp.Diff(want, PlaceOf(uri)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", uri, diff)
		}
	}
}
