package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"taskmaster/internal/apiv1"
)

const (
	publicURL = "https://tasks.example.com"
	// The verifier and its challenge are those of RFC 7636, appendix B.
	oauthVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	oauthChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	claudeRedirect = "https://claude.ai/api/mcp/auth_callback"
)

// newOAuthAPI returns an api with a public address.
func newOAuthAPI(t *testing.T) *testAPI {
	t.Helper()
	return newTestAPI(t, func(c *config) { c.PublicURL = publicURL })
}

// register registers a client and returns its id.
func (ta *testAPI) register(t *testing.T, body string, options ...func(*http.Request)) string {
	t.Helper()
	return decoded[struct {
		ID string `json:"client_id"`
	}](t, ta.send(t, "POST", "/oauth/register", body, options...).want(t, 201)).ID
}

const claude = `{"client_name":"Claude","redirect_uris":["` + claudeRedirect + `"],"token_endpoint_auth_method":"none"}`

// authorizeQuery is the query of a right authorization request.
func authorizeQuery(clientID string, scopes ...string) url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {claudeRedirect}, "state": {"s"}, "scope": {strings.Join(scopes, " ")},
		"code_challenge": {oauthChallenge}, "code_challenge_method": {"S256"}, "resource": {publicURL + "/mcp"},
	}
}

// decide sends the person's decision and returns the query of the address that it leads to.
func (p person) decide(t *testing.T, query url.Values, allow bool) url.Values {
	t.Helper()
	r := p.send(t, "POST", "/api/v1/oauth/decisions", map[string]any{"query": query.Encode(), "allow": allow}).want(t, 200)
	to, err := url.Parse(decoded[apiv1.OAuthRedirect](t, r).RedirectTo)
	if err != nil {
		t.Fatal(err)
	}
	return to.Query()
}

// oauthTokens is the answer of the token endpoint.
type oauthTokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Scope   string `json:"scope"`
	Expires int    `json:"expires_in"`
}

// form sends a form of a client.
func (ta *testAPI) form(t *testing.T, path string, form url.Values) reply {
	t.Helper()
	return ta.send(t, "POST", path, form.Encode(), header("Content-Type", "application/x-www-form-urlencoded"))
}

// wantRefusal ends the test unless the answer has a status and a code of RFC 6749.
func (r reply) wantRefusal(t *testing.T, status int, code string) {
	t.Helper()
	if got := decoded[struct{ Error string }](t, r.want(t, status)).Error; got != code {
		t.Fatalf("got %q, want %q: %s", got, code, r.Body)
	}
}

func codeForm(clientID, code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "code": {code}, "redirect_uri": {claudeRedirect},
		"code_verifier": {oauthVerifier}, "resource": {publicURL + "/mcp"},
	}
}

func refreshForm(clientID, token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {token}}
}

// connect connects a client and returns its tokens.
func (p person) connect(t *testing.T, clientID string, scopes ...string) oauthTokens {
	t.Helper()
	code := p.decide(t, authorizeQuery(clientID, scopes...), true).Get("code")
	return decoded[oauthTokens](t, p.form(t, "/oauth/token", codeForm(clientID, code)).want(t, 200))
}

// refresh refreshes tokens.
func (ta *testAPI) refresh(t *testing.T, clientID, token string) oauthTokens {
	t.Helper()
	return decoded[oauthTokens](t, ta.form(t, "/oauth/token", refreshForm(clientID, token)).want(t, 200))
}
