package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/oauth"
	"taskmaster/internal/postgres"
)

// TestCodesWorkOnce shows that a code is exchanged once, in time, and by its client. A second use ends
// the tokens of the first.
func TestCodesWorkOnce(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	id := ta.register(t, claude)
	other := ta.register(t, strings.Replace(claude, "Claude", "Other", 1))
	newCode := func() string { return p.decide(t, authorizeQuery(id, scopeRead), true).Get("code") }

	late := newCode()
	ta.advance(oauth.CodeLifetime)
	ta.form(t, "/oauth/token", codeForm(id, late)).wantRefusal(t, 400, "invalid_grant")

	code := newCode()
	ta.form(t, "/oauth/token", codeForm(other, code)).wantRefusal(t, 400, "invalid_grant")
	ta.form(t, "/oauth/token", codeForm("nobody", code)).wantRefusal(t, 401, "invalid_client")
	wrong := codeForm(id, code)
	wrong.Set("code_verifier", strings.Repeat("x", 43))
	ta.form(t, "/oauth/token", wrong).wantRefusal(t, 400, "invalid_grant")
	wrong = codeForm(id, code)
	wrong.Set("redirect_uri", "https://claude.ai/other")
	ta.form(t, "/oauth/token", wrong).wantRefusal(t, 400, "invalid_grant")
	ta.send(t, "POST", "/oauth/token", codeForm(id, code)).wantRefusal(t, 400, "invalid_request") // as JSON

	r := ta.form(t, "/oauth/token", codeForm(id, code)).want(t, 200)
	if got := r.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q, want no-store", got)
	}
	tokens := decoded[oauthTokens](t, r)
	if tokens.Scope != scopeRead || tokens.Expires != 3600 || !strings.HasPrefix(tokens.Access, "tmo_") || !strings.HasPrefix(tokens.Refresh, "tmr_") {
		t.Errorf("got %s", r.Body)
	}
	ta.rpc(t, listTools, bearer(tokens.Access)).want(t, 200)
	ta.form(t, "/oauth/token", codeForm(id, code)).wantRefusal(t, 400, "invalid_grant")
	ta.rpc(t, listTools, bearer(tokens.Access)).wantProblem(t, 401, "unauthorized")
	ta.form(t, "/oauth/token", refreshForm(id, tokens.Refresh)).wantRefusal(t, 400, "invalid_grant")
}

// TestRefreshTokensRotate shows that hosts may refresh in parallel for two minutes, and that a later
// use ends the login, but no other one.
func TestRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	id := ta.register(t, claude)
	first, untouched := p.connect(t, id, scopeRead, scopeWrite), p.connect(t, id, scopeRead)

	var parallel sync.WaitGroup
	for range 3 {
		parallel.Go(func() { ta.form(t, "/oauth/token", refreshForm(id, first.Refresh)) })
	}
	parallel.Wait()
	ta.advance(oauth.RefreshGrace)
	second := ta.refresh(t, id, first.Refresh)
	narrow := refreshForm(id, second.Refresh)
	narrow.Set("scope", scopeRead)
	third := decoded[oauthTokens](t, ta.form(t, "/oauth/token", narrow).want(t, 200))
	if third.Scope != scopeRead {
		t.Errorf("asked for less, got %q", third.Scope)
	}
	if fourth := ta.refresh(t, id, third.Refresh); fourth.Scope != scopeRead+" "+scopeWrite {
		t.Errorf("the narrow refresh was for good: got %q", fourth.Scope)
	}
	wide := refreshForm(id, untouched.Refresh)
	wide.Set("scope", scopeRead+" "+scopeWrite)
	ta.form(t, "/oauth/token", wide).wantRefusal(t, 400, "invalid_scope")

	ta.advance(time.Second)
	ta.form(t, "/oauth/token", refreshForm(id, first.Refresh)).wantRefusal(t, 400, "invalid_grant")
	for _, token := range []string{second.Access, third.Access} {
		ta.rpc(t, listTools, bearer(token)).wantProblem(t, 401, "unauthorized")
	}
	ta.rpc(t, listTools, bearer(untouched.Access)).want(t, 200)
	ta.advance(oauth.AccessLifetime)
	ta.rpc(t, listTools, bearer(untouched.Access)).wantProblem(t, 401, "unauthorized")
	ta.rpc(t, listTools, bearer(ta.refresh(t, id, untouched.Refresh).Access)).want(t, 200)
	ta.advance(oauth.RefreshLifetime)
	ta.form(t, "/oauth/token", refreshForm(id, untouched.Refresh)).wantRefusal(t, 400, "invalid_grant")
}

// TestTokensAreForMCP shows that an access token opens /mcp of one address, and no other route.
func TestTokensAreForMCP(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	id := ta.register(t, claude)
	tokens := p.connect(t, id, scopeRead, scopeWrite)
	ta.send(t, "GET", "/api/v1/tasks", nil, bearer(tokens.Access)).wantProblem(t, 401, "unauthorized")
	ta.rpc(t, listTools, bearer(tokens.Refresh)).wantProblem(t, 401, "unauthorized")
	ta.send(t, "GET", "/api/v1/tasks", nil, bearer(tokens.Refresh)).wantProblem(t, 401, "unauthorized")
	ta.rpc(t, listTools, bearer(tokens.Access)).want(t, 200)

	ta.exec(t, `UPDATE oauth_tokens SET resource = 'https://other.example.com/mcp'`)
	ta.rpc(t, listTools, bearer(tokens.Access)).wantProblem(t, 401, "unauthorized")
	ta.form(t, "/oauth/token", refreshForm(id, tokens.Refresh)).wantRefusal(t, 400, "invalid_grant")
}

// TestChallenges shows what clients learn from a refusal at /mcp.
func TestChallenges(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	metadata := `resource_metadata="https://tasks.example.com/.well-known/oauth-protected-resource/mcp"`
	challenge := func(r reply) string { return r.Header.Get("WWW-Authenticate") }
	want := `Bearer realm="taskmaster", scope="tasks:read", ` + metadata
	if diff := cmp.Diff(want, challenge(ta.rpc(t, listTools).want(t, 401))); diff != "" {
		t.Errorf("without a token (-want +got):\n%s", diff)
	}
	if got := challenge(ta.rpc(t, listTools, bearer("tmo_x")).want(t, 401)); !strings.Contains(got, `error="invalid_token"`) || !strings.Contains(got, metadata) {
		t.Errorf("with a wrong token: got %s", got)
	}
	add := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add_tasks","arguments":{"sentences":["Milk"]}}}`
	for name, token := range map[string]string{"OAuth": p.connect(t, ta.register(t, claude), scopeRead).Access, "API token": p.newToken(t, scopeRead)} {
		for _, body := range []string{add, "[" + listTools + "," + add + "]"} {
			r := ta.rpc(t, body, bearer(token))
			r.wantProblem(t, 403, "forbidden")
			want := `Bearer realm="taskmaster", error="insufficient_scope", error_description="the token lacks the scope tasks:write", scope="tasks:read tasks:write", ` + metadata
			if diff := cmp.Diff(want, challenge(r)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
	if r := ta.rpc(t, listTools, bearer(p.newToken(t, scopeAccount))); !strings.Contains(challenge(r.want(t, 403)), `scope="tasks:read"`) {
		t.Errorf("got %s", challenge(r))
	}
}

// TestRevocation shows that a client can end an access token alone, or its whole login.
func TestRevocation(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	id := ta.register(t, claude)
	tokens := p.connect(t, id, scopeRead)
	revoke := func(token, client string) reply {
		return ta.form(t, "/oauth/revoke", url.Values{"token": {token}, "client_id": {client}})
	}
	revoke(tokens.Access, "another").wantRefusal(t, 400, "invalid_grant")
	revoke("tmo_unknown", id).want(t, 200)
	revoke(tokens.Access, id).want(t, 200)
	ta.rpc(t, listTools, bearer(tokens.Access)).wantProblem(t, 401, "unauthorized")
	again := ta.refresh(t, id, tokens.Refresh)
	ta.rpc(t, listTools, bearer(again.Access)).want(t, 200)
	revoke(again.Refresh, id).want(t, 200)
	ta.rpc(t, listTools, bearer(again.Access)).wantProblem(t, 401, "unauthorized")
	if list := p.connections(t); len(list) != 0 {
		t.Errorf("the account shows %+v, want nothing", list)
	}
}

func (p person) connections(t *testing.T) []apiv1.Connection {
	t.Helper()
	return decoded[apiv1.Page[apiv1.Connection]](t, p.send(t, "GET", "/api/v1/connections", nil).want(t, 200)).Items
}

// TestDecisions shows who may decide, and where decisions and wrong requests lead.
func TestDecisions(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	id := ta.register(t, claude)
	query := authorizeQuery(id, scopeRead)
	denied := p.decide(t, query, false)
	if denied.Get("error") != "access_denied" || denied.Get("state") != "s" || denied.Get("iss") != publicURL {
		t.Errorf("a no leads to %v", denied)
	}
	allow := map[string]any{"query": query.Encode(), "allow": true}
	ta.send(t, "POST", "/api/v1/oauth/decisions", allow).wantProblem(t, 401, "unauthorized")
	token := bearer(p.newToken(t, scopeAccount, scopeRead))
	ta.send(t, "POST", "/api/v1/oauth/decisions", allow, token).wantProblem(t, 403, "forbidden")
	p.send(t, "POST", "/api/v1/oauth/decisions", allow, header("Sec-Fetch-Site", "cross-site")).wantProblem(t, 403, "forbidden")

	wrong := authorizeQuery(id, scopeRead)
	wrong.Del("code_challenge")
	if got := p.decide(t, wrong, true); got.Get("error") != "invalid_request" || got.Has("code") {
		t.Errorf("a request without PKCE led to %v", got)
	}
	check := func(q url.Values) reply {
		return ta.send(t, "POST", "/api/v1/oauth/requests", map[string]any{"query": q.Encode()})
	}
	if got := decoded[apiv1.OAuthConsent](t, check(wrong).want(t, 200)); !strings.HasPrefix(got.RedirectTo, claudeRedirect+"?error=invalid_request&") {
		t.Errorf("got %+v, want a redirect with the error", got)
	}
	for _, bad := range []url.Values{{}, authorizeQuery("nobody", scopeRead)} {
		check(bad).wantProblem(t, 422, "invalid")
	}
	evil := authorizeQuery(id, scopeRead)
	evil.Set("redirect_uri", "https://evil.example.com/cb")
	check(evil).wantProblem(t, 422, "invalid")
	p.send(t, "POST", "/api/v1/oauth/decisions", map[string]any{"query": evil.Encode(), "allow": true}).wantProblem(t, 422, "invalid")
	if list := p.connections(t); len(list) != 0 {
		t.Errorf("the account shows %+v, want nothing", list)
	}
}

// TestRegistrationsAreBounded shows that equal clients are one, and that an address can register a
// limited number of others.
func TestRegistrationsAreBounded(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	first := ta.register(t, claude, from("192.0.2.1"))
	named := func(i int) string { return strings.Replace(claude, "Claude", fmt.Sprint("Client ", i), 1) }
	for i := range registrationsPerHour - 1 {
		ta.register(t, named(i), from("192.0.2.1"))
	}
	ta.send(t, "POST", "/oauth/register", named(100), from("192.0.2.1")).wantProblem(t, 429, "rate_limited")
	if again := ta.register(t, claude, from("192.0.2.1")); again != first {
		t.Errorf("the same client got the id %s and then %s", first, again)
	}
	ta.register(t, named(100), from("192.0.2.2"))
	ta.send(t, "POST", "/oauth/register", `{"redirect_uris":["http://evil.example.com/cb"]}`).wantRefusal(t, 400, "invalid_redirect_uri")
	ta.send(t, "POST", "/oauth/register", `{"redirect_uris":["`+strings.Repeat("x", oauth.MaxRegistration)+`"]}`).wantProblem(t, 413, "too_large")
}

// TestOAuthEndsWithTime shows what the retention deletes: expired tokens, lapsed logins and clients
// that nobody uses.
func TestOAuthEndsWithTime(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	id := ta.register(t, claude)
	ta.register(t, strings.Replace(claude, "Claude", "Unused", 1))
	tokens := p.connect(t, id, scopeRead)
	rows := func() (n [3]int) {
		t.Helper()
		for i, table := range []string{"oauth_clients", "oauth_grants", "oauth_tokens"} {
			n[i] = ta.count(t, `SELECT count(*) FROM `+table)
		}
		return n
	}
	for _, step := range []struct {
		after time.Duration
		want  [3]int
	}{
		{0, [3]int{2, 1, 3}},
		{oauth.AccessLifetime + oauthRetention + time.Second, [3]int{2, 1, 1}},
		{oauth.RefreshLifetime - oauthRetention, [3]int{1, 1, 1}}, // the refresh token has expired and is kept for a day
		{oauthRetention, [3]int{0, 0, 0}},
	} {
		ta.advance(step.after)
		if err := ta.retainOnce(t.Context(), ta.db); err != nil {
			t.Fatal(err)
		}
		if got := rows(); got != step.want {
			t.Errorf("after %s: got %v clients, grants and tokens, want %v", step.after, got, step.want)
		}
	}
	ta.form(t, "/oauth/token", refreshForm(id, tokens.Refresh)).wantRefusal(t, 401, "invalid_client")
}

// TestAccountHoldsItsConnections shows them in the list, in the export, and gone with the account.
func TestAccountHoldsItsConnections(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p, other := ta.newPerson(t), ta.newPerson(t)
	tokens := p.connect(t, ta.register(t, claude), scopeRead)
	list := p.connections(t)
	if len(list) != 1 || list[0].Name != "Claude" || list[0].Place != "claude.ai" {
		t.Fatalf("the account shows %+v", list)
	}
	other.send(t, "DELETE", "/api/v1/connections/"+list[0].ID.String(), nil).wantProblem(t, 404, "not_found")
	exported := decoded[apiv1.Export](t, p.send(t, "GET", "/api/v1/export", nil).want(t, 200))
	want := []apiv1.ExportedConnection{{Name: "Claude", Place: "claude.ai", Scopes: []string{scopeRead}, CreatedAt: testStart}}
	if diff := cmp.Diff(want, exported.Connections); diff != "" {
		t.Errorf("exported (-want +got):\n%s", diff)
	}
	other.send(t, "POST", "/api/v1/import", string(p.send(t, "GET", "/api/v1/export", nil).Body)).want(t, 200)
	if list := other.connections(t); len(list) != 0 {
		t.Errorf("the import connected %+v", list)
	}
	p.send(t, "DELETE", "/api/v1/me", map[string]any{"password": testPassword}).want(t, http.StatusNoContent)
	ta.rpc(t, listTools, bearer(tokens.Access)).wantProblem(t, 401, "unauthorized")
	if n := ta.count(t, `SELECT count(*) FROM oauth_tokens`); n != 0 {
		t.Errorf("the deleted account left %d tokens", n)
	}
}

// TestConnectionsAreBounded shows that a further client ends the one that was unused for longest.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	for i := range postgres.MaxOAuthGrants + 1 {
		ta.advance(time.Second)
		id := ta.register(t, strings.Replace(claude, "Claude", fmt.Sprint("Client ", i), 1), from(fmt.Sprintf("192.0.2.%d", i)))
		p.connect(t, id, scopeRead)
	}
	list := p.connections(t)
	if len(list) != postgres.MaxOAuthGrants || list[len(list)-1].Name != "Client 1" {
		t.Errorf("got %d clients, the oldest %s", len(list), list[len(list)-1].Name)
	}
}

// TestTokensOfAGrantAreBounded shows that a further token deletes the oldest ones.
func TestTokensOfAGrantAreBounded(t *testing.T) {
	t.Parallel()
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	id := ta.register(t, claude)
	tokens := p.connect(t, id, scopeRead)
	ta.exec(t, `INSERT INTO oauth_tokens (hash, kind, grant_id, family, scopes, resource, created_at, expires_at)
		SELECT sha256(i::text::bytea), 'access', grant_id, family, scopes, resource, created_at - interval '1 minute', expires_at
		FROM oauth_tokens, generate_series(1, $1::int) i WHERE kind = 'refresh'`, postgres.MaxOAuthTokens)
	ta.refresh(t, id, tokens.Refresh)
	if n := ta.count(t, `SELECT count(*) FROM oauth_tokens`); n != postgres.MaxOAuthTokens {
		t.Errorf("there are %d tokens, want %d", n, postgres.MaxOAuthTokens)
	}
	ta.rpc(t, listTools, bearer(tokens.Access)).want(t, 200)
}

// TestNoOAuthWithoutPublicAddress shows that nothing is promised that cannot work.
func TestNoOAuthWithoutPublicAddress(t *testing.T) {
	t.Parallel()
	ta := newTestAPI(t)
	for _, path := range []string{oauth.ResourceMetadataPath, oauth.ResourceMetadataPath + "/mcp", oauth.ServerMetadataPath} {
		ta.send(t, "GET", path, nil).wantProblem(t, 404, "not_found")
	}
	ta.send(t, "POST", "/oauth/register", claude).wantProblem(t, 404, "not_found")
	ta.send(t, "POST", "/api/v1/oauth/requests", map[string]any{"query": "client_id=c"}).wantProblem(t, 404, "not_found")
	if got := ta.rpc(t, listTools).want(t, 401).Header.Get("WWW-Authenticate"); got != `Bearer realm="taskmaster"` {
		t.Errorf("the challenge is %s", got)
	}
}
