package oauth

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	testServer = Server{Issuer: "https://tasks.example.com"}
	testClient = Client{ID: "c", Name: "Claude", RedirectURIs: []string{"https://claude.ai/cb?x=1", "http://localhost:1/cb"}}
)

// The verifier and its challenge are those of RFC 7636, appendix B.
const (
	testVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	testChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// rightQuery is a request as the SDKs send it.
func rightQuery() url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {"c"}, "redirect_uri": {"https://claude.ai/cb?x=1"}, "state": {"s +/ö"},
		"code_challenge": {testChallenge}, "code_challenge_method": {"S256"}, "scope": {"tasks:read"}, "resource": {"https://tasks.example.com/mcp"},
	}
}

// TestAuthorizations changes one part of a right request at a time.
func TestAuthorizations(t *testing.T) {
	t.Parallel()
	all := Scopes()
	for name, c := range map[string]struct {
		change func(q url.Values)
		code   string // of the refusal; "unsafe" without a redirect
		scopes []string
	}{
		"right":                       {func(url.Values) {}, "", []string{"tasks:read"}},
		"another port":                {func(q url.Values) { q.Set("redirect_uri", "http://localhost:50123/cb") }, "", []string{"tasks:read"}},
		"resource with a slash":       {func(q url.Values) { q.Set("resource", "https://tasks.example.com/mcp/") }, "", []string{"tasks:read"}},
		"no resource":                 {func(q url.Values) { q.Del("resource") }, "", []string{"tasks:read"}},
		"resource twice":              {func(q url.Values) { q.Add("resource", "https://tasks.example.com/mcp") }, "", []string{"tasks:read"}},
		"no scope":                    {func(q url.Values) { q.Del("scope") }, "", all},
		"all scopes":                  {func(q url.Values) { q.Set("scope", "tasks:write tasks:read offline_access") }, "", all},
		"offline_access alone":        {func(q url.Values) { q.Set("scope", "offline_access") }, "", all},
		"an unknown scope as well":    {func(q url.Values) { q.Set("scope", "openid tasks:read") }, "", []string{"tasks:read"}},
		"the account as well":         {func(q url.Values) { q.Set("scope", "account tasks:read") }, "", []string{"tasks:read"}},
		"no state":                    {func(q url.Values) { q.Del("state") }, "", []string{"tasks:read"}},
		"the account alone":           {func(q url.Values) { q.Set("scope", "account") }, "invalid_scope", nil},
		"no challenge":                {func(q url.Values) { q.Del("code_challenge") }, "invalid_request", nil},
		"no method":                   {func(q url.Values) { q.Del("code_challenge_method") }, "invalid_request", nil},
		"plain":                       {func(q url.Values) { q.Set("code_challenge_method", "plain") }, "invalid_request", nil},
		"a short challenge":           {func(q url.Values) { q.Set("code_challenge", "short") }, "invalid_request", nil},
		"token":                       {func(q url.Values) { q.Set("response_type", "token") }, "unsupported_response_type", nil},
		"no response type":            {func(q url.Values) { q.Del("response_type") }, "invalid_request", nil},
		"fragment":                    {func(q url.Values) { q.Set("response_mode", "fragment") }, "invalid_request", nil},
		"state twice":                 {func(q url.Values) { q.Add("state", "t") }, "invalid_request", nil},
		"a request object":            {func(q url.Values) { q.Set("request", "e30.") }, "request_not_supported", nil},
		"another resource":            {func(q url.Values) { q.Set("resource", "https://tasks.example.com") }, "invalid_target", nil},
		"another resource as well":    {func(q url.Values) { q.Add("resource", "https://other.example.com/mcp") }, "invalid_target", nil},
		"resource in http":            {func(q url.Values) { q.Set("resource", "http://tasks.example.com/mcp") }, "invalid_target", nil},
		"no redirect URI of two":      {func(q url.Values) { q.Del("redirect_uri") }, "unsafe", nil},
		"a redirect URI of others":    {func(q url.Values) { q.Set("redirect_uri", "https://evil.example.com/cb") }, "unsafe", nil},
		"redirect URI twice":          {func(q url.Values) { q.Add("redirect_uri", "https://evil.example.com/cb") }, "unsafe", nil},
		"a query that is too long":    {func(q url.Values) { q.Set("state", strings.Repeat("x", MaxQuery)) }, "unsafe", nil},
		"redirect URI with more path": {func(q url.Values) { q.Set("redirect_uri", "http://localhost:1/cb/../x") }, "unsafe", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := rightQuery()
			c.change(q)
			got, err := testServer.ParseAuthorization(q.Encode(), testClient)
			if c.code == "unsafe" {
				if !errors.As(err, new(*UnsafeError)) {
					t.Fatalf("got %v, want it refused without a redirect", err)
				}
				return
			}
			wantRefusal(t, err, c.code)
			if c.code == "" {
				if diff := cmp.Diff(c.scopes, got.Scopes); diff != "" {
					t.Errorf("scopes (-want +got):\n%s", diff)
				}
				return
			}
			var e *Error
			errors.As(err, &e)
			if to := got.Refuse(e); !strings.HasPrefix(to, "https://claude.ai/cb?x=1&") {
				t.Errorf("the refusal goes to %s", to)
			}
		})
	}
}

// TestAnswersReachTheClient shows the addresses that bring a code and a refusal.
func TestAnswersReachTheClient(t *testing.T) {
	t.Parallel()
	a, err := testServer.ParseAuthorization(rightQuery().Encode(), testClient)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		to   string
		want url.Values
	}{
		"a code": {a.Accept("tmc_x"), url.Values{"code": {"tmc_x"}}},
		"a no":   {a.Deny(), url.Values{"error": {"access_denied"}, "error_description": {"the person said no"}}},
	} {
		u, err := url.Parse(c.to)
		if err != nil {
			t.Fatal(err)
		}
		c.want["x"], c.want["state"], c.want["iss"] = []string{"1"}, []string{"s +/ö"}, []string{"https://tasks.example.com"}
		if diff := cmp.Diff(c.want, u.Query()); diff != "" {
			t.Errorf("%s: query (-want +got):\n%s", name, diff)
		}
	}
}

func TestClientIDs(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"client_id=c&x=1": "c", "client_id=": "", "": "", "client_id=a&client_id=b": "", "client_id=%zz": "",
		"client_id=" + strings.Repeat("x", MaxQuery): "",
	} {
		got, err := ClientIDOf(query)
		if got != want {
			t.Errorf("%.40s: got %q, want %q", query, got, want)
		}
		if refused := errors.As(err, new(*UnsafeError)); refused != (want == "") {
			t.Errorf("%.40s: got the error %v", query, err)
		}
	}
}
