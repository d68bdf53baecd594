package page

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// TestAssistantConnects connects the SDK's own client through the pages. The person is logged out at
// first, logs in and allows reading. The first change asks again. The account page removes the client.
func TestAssistantConnects(t *testing.T) {
	t.Parallel()
	person, err := shared.SignUp(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := newBrowser(t)
	v.person = person
	var answer url.Values
	assistant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer = r.URL.Query()
		_, _ = w.Write([]byte("<h1>Connected</h1>"))
	}))
	t.Cleanup(assistant.Close)
	consents := 0
	allow := func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
		page := v.get(strings.TrimPrefix(args.URL, shared.URL))
		if consents == 0 {
			page = page.want(200, "Welcome to TaskMaster").form("/login").fill("email", person.Email, "password", person.Password).send()
		}
		consents++
		page.want(200, "Connect Test client").says(person.Email, "read tasks", strings.TrimPrefix(assistant.URL, "http://"), "a program on this device")
		if consents == 1 {
			page.lacks("change tasks")
		} else {
			page.says("change tasks")
		}
		page.form("/oauth/authorize").send().want(200, "Connected")
		return &auth.AuthorizationResult{Code: answer.Get("code"), State: answer.Get("state"), Iss: answer.Get("iss")}, nil
	}
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "Test client", RedirectURIs: []string{assistant.URL + "/callback"}, TokenEndpointAuthMethod: "none",
		}},
		AuthorizationCodeFetcher: allow,
	})
	if err != nil {
		t.Fatal(err)
	}
	transport := &sdk.StreamableClientTransport{Endpoint: shared.URL + "/mcp", OAuthHandler: handler, DisableStandaloneSSE: true}
	session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	call := func(tool string, arguments map[string]any) error {
		_, err := session.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
		return err
	}
	if err := call("plan_today", nil); err != nil {
		t.Fatal(err)
	}
	if err := call("add_tasks", map[string]any{"sentences": []string{"Milk"}}); err != nil {
		t.Fatal(err)
	}
	if consents != 2 {
		t.Errorf("the person was asked %d times, want 2", consents)
	}
	v.get("/all").says("Milk")

	account := v.get("/settings/account").want(200, "Account").says("Connected clients", "Test client", "May read tasks, change tasks")
	var list struct{ Items []struct{ ID string } }
	v.api("GET", "/connections", nil, &list)
	if len(list.Items) != 1 {
		t.Fatalf("the account has %d clients, want 1", len(list.Items))
	}
	account.form("/settings/connections/"+list.Items[0].ID+"/delete").send().want(200, "Account").says("The client is removed").lacks("Connected clients")
}
