package main

import (
	"net/url"
	"strings"
	"testing"
)

const consentQuery = "response_type=code&client_id=c&state=s%2F1"

// consentAnswers are the answers of the API about the request consentQuery.
func consentAnswers(requests, decisions string) map[string]string {
	return map[string]string{"POST /oauth/requests": requests, "POST /oauth/decisions": decisions}
}

const goodRequest = `{"client_name": "Claude <b>", "place": "claude.ai", "form_action": "https://claude.ai", "own_machine": false, "scopes": ["tasks:read", "tasks:write"]}`

// TestConsent shows the page that names client, place and scopes, and the way of a decision.
func TestConsent(t *testing.T) {
	t.Parallel()
	api, ask := settings(t, nil)
	api.answers = consentAnswers(goodRequest, `{"redirect_to": "https://claude.ai/cb?code=tmc_x&state=s"}`)
	got := ask("GET", "/oauth/authorize?"+consentQuery, nil)
	if got.status != 200 {
		t.Fatalf("got %d: %s", got.status, got.body)
	}
	for _, words := range []string{"Claude &lt;b&gt;", "claude.ai", "ada@example.com", "read tasks", "change tasks", `value="response_type=code&amp;client_id=c&amp;state=s%2F1"`, `name="account"`} {
		if !strings.Contains(got.body, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	if strings.Contains(got.body, "cannot check which program") {
		t.Error("the page warns of a program on this device, but the answer goes to claude.ai")
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "unsafe-none"} {
		if value := got.header.Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://claude.ai; ") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("the policy is %q", policy)
	}
	if len(api.changes) != 1 { // POST /oauth/requests changes nothing
		t.Errorf("GET sent %q", api.changes)
	}
	for decision, allow := range map[string]string{"allow": "true", "deny": "false", "": "false"} {
		api.changes = nil
		got := ask("POST", "/oauth/authorize", url.Values{"query": {consentQuery}, "decision": {decision}})
		if to := got.header.Get("Location"); got.status != 303 || to != "https://claude.ai/cb?code=tmc_x&state=s" {
			t.Errorf("%q: got %d to %q", decision, got.status, to)
		}
		want := `POST /oauth/decisions? application/json {"query":"response_type=code\u0026client_id=c\u0026state=s%2F1","allow":` + allow + `}`
		if len(api.changes) != 1 || api.changes[0] != want {
			t.Errorf("%q: got %q, want %q", decision, api.changes, want)
		}
	}
}

// TestConsentIsOnlyGivenHere shows that another site cannot send the form, and another account cannot.
func TestConsentIsOnlyGivenHere(t *testing.T) {
	t.Parallel()
	api, ask := settings(t, nil)
	api.answers = consentAnswers(goodRequest, `{"redirect_to": "https://claude.ai/cb"}`)
	form := url.Values{"query": {consentQuery}, "decision": {"allow"}}
	if got := ask("POST", "/oauth/authorize", form, "Sec-Fetch-Site", "cross-site"); got.status != 403 {
		t.Errorf("from another site: got %d, want 403", got.status)
	}
	form.Set("account", "0195b1a2-0000-7000-8000-00000000000a eve@example.com")
	if got := ask("POST", "/oauth/authorize", form); got.status != 403 {
		t.Errorf("from another account's page: got %d, want 403", got.status)
	}
	if len(api.changes) != 0 {
		t.Errorf("got %q, want no API call", api.changes)
	}
}

// TestConsentAfterLogin shows that the login leads back to the request, and keeps the opener.
func TestConsentAfterLogin(t *testing.T) {
	t.Parallel()
	api, ask := settings(t, nil)
	api.answers = consentAnswers(goodRequest, "")
	api.public = true
	got := ask("GET", "/oauth/authorize?"+consentQuery, nil, "Cookie", "taskmaster_session=nobody's")
	to := got.header.Get("Location")
	if got.status != 303 || to != "/enter?next="+url.QueryEscape("/oauth/authorize?"+consentQuery) {
		t.Fatalf("got %d to %q, want the login page", got.status, to)
	}
	got = ask("GET", to, nil, "Cookie", "taskmaster_session=nobody's")
	if !strings.Contains(got.body, `name="next" value="/oauth/authorize?response_type=code&amp;client_id=c`) {
		t.Error("the login forgets the request")
	}
	if value := got.header.Get("Cross-Origin-Opener-Policy"); value != "unsafe-none" {
		t.Errorf("the login page has the opener policy %q", value)
	}
}

// TestConsentThatIsRefused shows where a wrong request ends: at the client, or on the page.
func TestConsentThatIsRefused(t *testing.T) {
	t.Parallel()
	api, ask := settings(t, nil)
	api.answers = consentAnswers(`{"client_name": "Cursor", "place": "cursor:", "form_action": "cursor:", "own_machine": true, "scopes": [], "redirect_to": "cursor://a/cb?error=invalid_request&iss=x"}`, "")
	if got := ask("GET", "/oauth/authorize?"+consentQuery, nil); got.status != 303 || got.header.Get("Location") != "cursor://a/cb?error=invalid_request&iss=x" {
		t.Errorf("got %d to %q, want the client's address", got.status, got.header.Get("Location"))
	}
	api.refusals = map[string]string{"POST /oauth/requests": `{"code": "invalid", "detail": "Claude did not register the address"}`}
	got := ask("GET", "/oauth/authorize?"+consentQuery, nil)
	if got.status != 422 || !strings.Contains(got.body, "Claude did not register the address.") || got.header.Get("Location") != "" {
		t.Errorf("got %d to %q, want the page of an error", got.status, got.header.Get("Location"))
	}
	api.refusals = nil
	api.answers = consentAnswers(`{"client_name": "Claude Code", "place": "localhost:3118", "form_action": "http://localhost:3118", "own_machine": true, "scopes": ["tasks:read"]}`, "")
	if got := ask("GET", "/oauth/authorize?"+consentQuery, nil); !strings.Contains(got.body, "cannot check which program") {
		t.Error("the page does not warn that any program on this device can get the answer")
	}
}
