package oauth

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRegistrations has the bodies that clients send, shortened, and wrong ones.
func TestRegistrations(t *testing.T) {
	t.Parallel()
	many := `["https://a.example.com/cb"` + strings.Repeat(`,"https://a.example.com/cb"`, maxRedirects) + `]`
	for name, c := range map[string]struct {
		body string
		want Client // without an id
		code string // of the refusal
	}{
		"claude.ai": {body: `{"client_name":"Claude","redirect_uris":["https://claude.ai/api/mcp/auth_callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none","scope":"claudeai"}`,
			want: Client{Name: "Claude", RedirectURIs: []string{"https://claude.ai/api/mcp/auth_callback"}}},
		"ChatGPT": {body: `{"client_name":"ChatGPT","redirect_uris":["https://chatgpt.com/connector_platform_oauth_redirect"],"token_endpoint_auth_method":"client_secret_basic"}`,
			want: Client{Name: "ChatGPT", RedirectURIs: []string{"https://chatgpt.com/connector_platform_oauth_redirect"}}},
		"Claude Code": {body: `{"client_name":"Claude Code (taskmaster)","redirect_uris":["http://localhost:54212/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none"}`,
			want: Client{Name: "Claude Code (taskmaster)", RedirectURIs: []string{"http://localhost:54212/callback"}}},
		"Cursor": {body: `{"client_name":"Cursor","redirect_uris":["cursor://anysphere.cursor-mcp/oauth/callback","https://www.cursor.com/agents/mcp/oauth/callback","http://localhost:8787/callback"],"application_type":"web","contacts":null}`,
			want: Client{Name: "Cursor", RedirectURIs: []string{"cursor://anysphere.cursor-mcp/oauth/callback", "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"}}},
		"no name":               {body: `{"redirect_uris":["https://a.example.com/cb"]}`, want: Client{Name: "a.example.com", RedirectURIs: []string{"https://a.example.com/cb"}}},
		"a name of two lines":   {body: `{"client_name":" Claude\n\tAI\u202e \u0000","redirect_uris":["https://a.example.com/cb"]}`, want: Client{Name: "Claude AI", RedirectURIs: []string{"https://a.example.com/cb"}}},
		"a long name":           {body: `{"client_name":"` + strings.Repeat("ü", 200) + `","redirect_uris":["https://a.example.com/cb"]}`, want: Client{Name: strings.Repeat("ü", 100), RedirectURIs: []string{"https://a.example.com/cb"}}},
		"no redirect":           {body: `{"client_name":"x"}`, code: "invalid_redirect_uri"},
		"null":                  {body: `{"redirect_uris":null}`, code: "invalid_redirect_uri"},
		"too many":              {body: `{"redirect_uris":` + many + `}`, code: "invalid_redirect_uri"},
		"one of two is wrong":   {body: `{"redirect_uris":["https://a.example.com/cb","http://a.example.com/cb"]}`, code: "invalid_redirect_uri"},
		"client credentials":    {body: `{"redirect_uris":["https://a.example.com/cb"],"grant_types":["client_credentials"]}`, code: "invalid_client_metadata"},
		"implicit":              {body: `{"redirect_uris":["https://a.example.com/cb"],"response_types":["token"]}`, code: "invalid_client_metadata"},
		"a text":                {body: `"x"`, code: "invalid_client_metadata"},
		"nothing":               {body: ``, code: "invalid_client_metadata"},
		"redirects as one text": {body: `{"redirect_uris":"https://a.example.com/cb"}`, code: "invalid_client_metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseRegistration([]byte(c.body))
			wantRefusal(t, err, c.code)
			if diff := cmp.Diff(c.want, got.Client); diff != "" {
				t.Errorf("client (-want +got):\n%s", diff)
			}
		})
	}
}

// wantRefusal expects an Error with a code, or none for "".
func wantRefusal(t *testing.T, err error, code string) {
	t.Helper()
	e, refused := errors.AsType[*Error](err)
	switch {
	case err == nil && code == "":
	case !refused || e.Code != code:
		t.Fatalf("got %v, want the refusal %q", err, code)
	case strings.ContainsAny(e.Description, "\"\\") || e.Description == "":
		t.Errorf("the description %q is empty or has characters that RFC 6749 excludes", e.Description)
	}
}

// TestEqualRegistrationsAreOneClient shows that the port of the own machine and scopes do not count.
func TestEqualRegistrationsAreOneClient(t *testing.T) {
	t.Parallel()
	fingerprint := func(body string) string {
		r, err := ParseRegistration([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return string(r.Fingerprint())
	}
	first := fingerprint(`{"client_name":"x","redirect_uris":["http://localhost:1/cb"],"scope":"tasks:read"}`)
	if first != fingerprint(`{"client_name":"x","redirect_uris":["http://localhost:2/cb"]}`) {
		t.Error("another port made another client")
	}
	for _, other := range []string{
		`{"client_name":"y","redirect_uris":["http://localhost:1/cb"]}`,
		`{"client_name":"x","redirect_uris":["http://localhost:1/other"]}`,
		`{"client_name":"x","redirect_uris":["http://localhost:1/cb","https://evil.example.com/cb"]}`,
	} {
		if first == fingerprint(other) {
			t.Errorf("%s is the same client", other)
		}
	}
}

// TestAnswerHasNoEmptyField shows the answer to a registration. A null stops some clients.
func TestAnswerHasNoEmptyField(t *testing.T) {
	t.Parallel()
	r, err := ParseRegistration([]byte(`{"redirect_uris":["http://localhost:5/cb"],"token_endpoint_auth_method":"client_secret_post"}`))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(r.Answer("id", time.Unix(1_700_000_000, 0)))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"client_id":"id","client_id_issued_at":1700000000,"client_name":"localhost:5","redirect_uris":["http://localhost:5/cb"],` +
		`"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none"}`
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}
