package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/auth"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"golang.org/x/oauth2"

	"taskmaster/internal/apiv1"
	"taskmaster/internal/oauth"
)

// browser stands in for the person and the page. It opens the address that a client shows, allows
// what the client asks for, and returns what the client gets.
type browser struct {
	person
	// asked are the scopes of each request.
	asked []string
}

func (b *browser) open(t *testing.T, address string) (*auth.AuthorizationResult, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if want := b.cfg.PublicURL + "/oauth/authorize"; !strings.HasPrefix(address, want+"?") {
		return nil, fmt.Errorf("the client opens %s, want %s", address, want)
	}
	r := b.testAPI.send(t, "POST", "/api/v1/oauth/requests", map[string]any{"query": u.RawQuery}).want(t, 200)
	consent := decoded[apiv1.OAuthConsent](t, r)
	want := apiv1.OAuthConsent{ClientName: "Test client", Place: "localhost:3118", OwnMachine: true, FormAction: "http://localhost:3118", Scopes: consent.Scopes}
	if diff := cmp.Diff(want, consent); diff != "" {
		return nil, fmt.Errorf("the page shows (-want +got):\n%s", diff)
	}
	b.asked = append(b.asked, strings.Join(consent.Scopes, " "))
	q := b.decide(t, u.Query(), true)
	return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
}

// TestClientsWithDocuments connects a client whose id is the URL of its document.
func TestClientsWithDocuments(t *testing.T) {
	t.Parallel()
	var id string
	host := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"client_id":%q,"client_name":"Claude","redirect_uris":[%q]}`, id, claudeRedirect)
	}))
	t.Cleanup(host.Close)
	id = host.URL + "/client"
	ta := newOAuthAPI(t)
	p := ta.newPerson(t)
	query := map[string]any{"query": authorizeQuery(id, scopeRead).Encode()}
	ta.send(t, "POST", "/api/v1/oauth/requests", query).wantProblem(t, 422, "invalid") // it is inside our network
	ta.documents = oauth.NewDocuments(host.Client(), ta.now)
	ta.send(t, "POST", "/api/v1/oauth/requests", query).want(t, 200)
	tokens := p.connect(t, id, scopeRead)
	ta.rpc(t, listTools, bearer(tokens.Access)).want(t, 200)
	ta.refresh(t, id, tokens.Refresh)
	if list := p.connections(t); len(list) != 1 || list[0].Name != "Claude" {
		t.Errorf("the account shows %+v", list)
	}
	ta.form(t, "/oauth/token", refreshForm("https://other.example.com/client", tokens.Refresh)).wantRefusal(t, 400, "invalid_grant")
}

// TestAssistantConnects plays a whole connection with the SDK's own client: it discovers the server,
// registers, sends the person to the page, calls a tool, asks for more scope, refreshes and is
// removed.
func TestAssistantConnects(t *testing.T) {
	t.Parallel()
	var handler atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.Load().(http.Handler).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	ta := newTestAPI(t, func(c *config) { c.PublicURL = server.URL })
	handler.Store(ta.handler)
	b := &browser{person: ta.newPerson(t)}

	var client *oauth2.Config
	var tokens *oauth2.Token
	oauthHandler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "Test client", RedirectURIs: []string{"http://localhost:3118/callback"}, TokenEndpointAuthMethod: "none",
		}},
		AuthorizationCodeFetcher: func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			return b.open(t, args.URL)
		},
		NewTokenSource: func(ctx context.Context, cfg *oauth2.Config, token *oauth2.Token) (oauth2.TokenSource, error) {
			client, tokens = cfg, token
			return cfg.TokenSource(ctx, token), nil
		},
		RequestRefreshToken: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	transport := &sdk.StreamableClientTransport{Endpoint: server.URL + "/mcp", OAuthHandler: oauthHandler, DisableStandaloneSSE: true}
	session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	a := assistant{session}
	a.call(t, "plan_today", args{})
	a.add(t, "Milk #shop") // the client asks for more scope
	if diff := cmp.Diff([]string{"tasks:read", "tasks:read tasks:write"}, b.asked); diff != "" {
		t.Errorf("the person was asked for (-want +got):\n%s", diff)
	}

	list := decoded[apiv1.Page[apiv1.Connection]](t, b.send(t, "GET", "/api/v1/connections", nil).want(t, 200)).Items
	if len(list) != 1 || list[0].Name != "Test client" || list[0].Place != "localhost:3118" || !slices.Equal(list[0].Scopes, []string{"tasks:read", "tasks:write"}) {
		t.Fatalf("the account shows %+v", list)
	}
	refreshed, err := client.TokenSource(t.Context(), &oauth2.Token{RefreshToken: tokens.RefreshToken}).Token()
	if err != nil {
		t.Fatal(err)
	}
	if refreshed.AccessToken == tokens.AccessToken || refreshed.RefreshToken == tokens.RefreshToken {
		t.Error("the refresh changed no token")
	}
	ta.rpc(t, listTools, bearer(refreshed.AccessToken)).want(t, 200)
	b.send(t, "DELETE", "/api/v1/connections/"+list[0].ID.String(), nil).want(t, 204)
	ta.rpc(t, listTools, bearer(refreshed.AccessToken)).wantProblem(t, 401, "unauthorized")
	if _, err := client.TokenSource(t.Context(), &oauth2.Token{RefreshToken: refreshed.RefreshToken}).Token(); err == nil {
		t.Error("a removed client got a token")
	}
}
