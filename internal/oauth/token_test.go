package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTokenRequests has right and wrong forms.
func TestTokenRequests(t *testing.T) {
	t.Parallel()
	code := "grant_type=authorization_code&client_id=c&code=tmc_x&redirect_uri=https%3A%2F%2Fclaude.ai%2Fcb&code_verifier=" + testVerifier
	refresh := "grant_type=refresh_token&client_id=c&refresh_token=tmr_x"
	for name, c := range map[string]struct{ form, user, password, code string }{
		"a code":                      {form: code + "&resource=https://tasks.example.com/mcp"},
		"a code of OAuth 2.1":         {form: strings.Replace(code, "&redirect_uri=https%3A%2F%2Fclaude.ai%2Fcb", "", 1)},
		"a slash more":                {form: code + "&resource=https://tasks.example.com/mcp/"},
		"a refresh token":             {form: refresh + "&scope=tasks:read"},
		"the name in HTTP Basic":      {form: strings.Replace(code, "client_id=c&", "", 1), user: "c"},
		"the name in both":            {form: code, user: "c"},
		"two names":                   {form: code, user: "d", code: "invalid_client"},
		"a secret":                    {form: code, user: "c", password: "s", code: "invalid_client"},
		"no client":                   {form: strings.Replace(code, "client_id=c&", "", 1), code: "invalid_client"},
		"client twice":                {form: code + "&client_id=d", code: "invalid_request"},
		"no grant type":               {form: strings.Replace(code, "grant_type", "type", 1), code: "invalid_request"},
		"a password":                  {form: "grant_type=password&client_id=c&username=a&password=b", code: "unsupported_grant_type"},
		"client credentials":          {form: "grant_type=client_credentials&client_id=c", code: "unsupported_grant_type"},
		"no code":                     {form: strings.Replace(code, "code=tmc_x", "", 1), code: "invalid_request"},
		"code twice":                  {form: code + "&code=tmc_y", code: "invalid_request"},
		"no verifier":                 {form: strings.Replace(code, "code_verifier", "verifier", 1), code: "invalid_request"},
		"no refresh token":            {form: "grant_type=refresh_token&client_id=c", code: "invalid_request"},
		"another audience":            {form: code + "&resource=https://other.example.com/mcp", code: "invalid_target"},
		"another audience, refreshed": {form: refresh + "&resource=https://other.example.com/mcp", code: "invalid_target"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form, err := url.ParseQuery(c.form)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, TokenPath, nil)
			if c.user != "" {
				r.SetBasicAuth(c.user, c.password)
			}
			got, err := testServer.ParseToken(r, form)
			wantRefusal(t, err, c.code)
			if c.code == "" && got.ClientID != "c" {
				t.Errorf("the client is %q, want c", got.ClientID)
			}
			if c.code == "" && (got.Code == "") == (got.Refresh == "") {
				t.Errorf("got %+v, want a code or a refresh token", got)
			}
		})
	}
}

func TestCodesAreBound(t *testing.T) {
	t.Parallel()
	in := TokenRequest{verifier: testVerifier, redirectURI: "https://claude.ai/cb"}
	wantRefusal(t, in.CheckCode(testChallenge, "https://claude.ai/cb"), "")
	wantRefusal(t, in.CheckCode(testChallenge, "https://claude.ai/other"), "invalid_grant")
	wantRefusal(t, in.CheckCode(testVerifier, "https://claude.ai/cb"), "invalid_grant") // plain
	in.redirectURI = ""
	wantRefusal(t, in.CheckCode(testChallenge, "https://claude.ai/cb"), "")
	in.verifier = ""
	wantRefusal(t, in.CheckCode("", "https://claude.ai/cb"), "invalid_grant")
}

func TestRefreshedScopes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scopes, granted, want []string
		code                  string
	}{
		{nil, Scopes(), Scopes(), ""},
		{[]string{"tasks:read"}, Scopes(), []string{"tasks:read"}, ""},
		{[]string{"tasks:read", "tasks:write"}, []string{"tasks:read"}, nil, "invalid_scope"},
	} {
		got, err := TokenRequest{scopes: c.scopes}.Narrow(c.granted)
		wantRefusal(t, err, c.code)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v of %v (-want +got):\n%s", c.scopes, c.granted, diff)
		}
	}
}

func TestRevocations(t *testing.T) {
	t.Parallel()
	for form, code := range map[string]string{
		"token=tmr_x": "", "token=tmr_x&client_id=c&token_type_hint=access_token": "", "client_id=c": "invalid_request",
		"token=a&token=b": "invalid_request", "token=a&client_id=c&client_id=d": "invalid_request",
	} {
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseRevocation(httptest.NewRequestWithContext(t.Context(), http.MethodPost, RevokePath, nil), values)
		wantRefusal(t, err, code)
	}
}

// TestMetadataIsOneString shows that issuer, resource and endpoints begin with the same string.
func TestMetadataIsOneString(t *testing.T) {
	t.Parallel()
	m, r := testServer.ServerMetadata(), testServer.ResourceMetadata()
	if m.Issuer != "https://tasks.example.com" || r.Servers[0] != m.Issuer || r.Resource != m.Issuer+"/mcp" {
		t.Errorf("got %+v and %+v", m, r)
	}
	want := `Bearer realm="taskmaster", error="insufficient_scope", error_description="x", scope="tasks:read tasks:write", ` +
		`resource_metadata="https://tasks.example.com/.well-known/oauth-protected-resource/mcp"`
	if diff := cmp.Diff(want, testServer.Challenge(InsufficientScope, "x", Scopes())); diff != "" {
		t.Errorf("challenge (-want +got):\n%s", diff)
	}
}
