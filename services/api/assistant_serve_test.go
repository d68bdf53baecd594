package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"taskmaster/internal/account"
)

// rpc sends a JSON-RPC message to /mcp as an old client does, without the SDK.
func (ta *testAPI) rpc(t *testing.T, body string, options ...func(*http.Request)) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for _, option := range options {
		option(r)
	}
	w := httptest.NewRecorder()
	ta.service.handler().ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.Bytes()}
}

const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

// TestAssistantsNeedACredential shows that /mcp refuses strangers, pages of other sites, large bodies
// and too many requests, like the routes of REST.
func TestAssistantsNeedACredential(t *testing.T) {
	t.Parallel()
	ta := newTestAPI(t, func(c *config) { c.PublicURL, c.RatePerMinute = "https://tasks.example.com", 60 })
	p := ta.newPerson(t)
	token := bearer(p.newToken(t, account.ScopeTasksRead))
	ta.rpc(t, listTools).wantProblem(t, 401, "unauthorized")
	ta.rpc(t, listTools, bearer("tm_unknown")).wantProblem(t, 401, "unauthorized")
	ta.rpc(t, listTools, token, header("Origin", "https://evil.example.com")).wantProblem(t, 403, "forbidden")
	ta.rpc(t, listTools, token, header("Origin", "https://tasks.example.com")).want(t, 200)
	rebound := func(r *http.Request) { r.Host = "evil.example.com" }
	ta.rpc(t, listTools, token, rebound, header("Origin", "https://evil.example.com")).wantProblem(t, 403, "forbidden")
	ta.rpc(t, listTools, token, header("Origin", "http://localhost:6274")).wantProblem(t, 403, "forbidden")
	ta.rpc(t, listTools, session(p.Secret), header("Sec-Fetch-Site", "cross-site")).wantProblem(t, 403, "forbidden")
	ta.rpc(t, `{"jsonrpc":"2.0","id":1,"method":"`+strings.Repeat("x", 70_000)+`"}`, token).want(t, 413)
	r := ta.rpc(t, listTools, token, func(r *http.Request) { r.URL.Path = "/mcp/" }).want(t, 200)
	if got := ta.rpc(t, listTools, token, func(r *http.Request) { r.Method = http.MethodGet }).want(t, 405).Header.Get("Allow"); got != "POST" {
		t.Errorf("Allow is %q, want POST", got)
	}
	for range 20 {
		if r = ta.rpc(t, listTools, token); r.Status == http.StatusTooManyRequests {
			break
		}
	}
	r.wantProblem(t, 429, "rate_limited")
}

// TestAssistantsOfOlderRevisions speaks each revision of the protocol without a session.
func TestAssistantsOfOlderRevisions(t *testing.T) {
	t.Parallel()
	ta := newTestAPI(t)
	token := bearer(ta.newPerson(t).newToken(t, account.ScopeTasksRead))
	ta.rpc(t, listTools, token, header("Origin", "http://localhost:6274")).want(t, 200) // without a public address
	for _, revision := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"} {
		initialize := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + revision + `","capabilities":{},"clientInfo":{"name":"old","version":"1"}}}`
		r := ta.rpc(t, initialize, token).want(t, 200)
		got := decoded[struct {
			Result struct {
				ProtocolVersion string
				Capabilities    map[string]json.RawMessage
			}
		}](t, r).Result
		if got.ProtocolVersion != revision {
			t.Errorf("asked for %s, got %s", revision, got.ProtocolVersion)
		}
		if _, ok := got.Capabilities["logging"]; ok {
			t.Error("the server promises log messages, which it never sends")
		}
		if r.Header.Get("Mcp-Session-Id") != "" {
			t.Error("the server began a session: another replica does not know it")
		}
		call := `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"plan_today","arguments":{}}}`
		if r := ta.rpc(t, call, token, header("Mcp-Protocol-Version", revision)).want(t, 200); !strings.Contains(string(r.Body), "2026-03-02") {
			t.Errorf("%s: a call without a session answered %s", revision, r.Body)
		}
	}
}

// TestAssistantsReadResources reads the resources, the prompts and the completions.
func TestAssistantsReadResources(t *testing.T) {
	t.Parallel()
	p := newTestAPI(t).newPerson(t)
	a := p.readWrite(t)
	tasks := a.add(t, "Bread today #shop", "Report friday #work/reports", "Soap #shopping")
	list, err := a.ListResources(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if list.CacheScope != "private" {
		t.Errorf("the list of resources has the cache scope %q, want private", list.CacheScope)
	}
	var uris []string
	for _, r := range list.Resources {
		uris = append(uris, r.URI)
	}
	slices.Sort(uris)
	want := []string{"taskmaster://tags/shop", "taskmaster://tags/shopping", "taskmaster://tags/work%2Freports", "taskmaster://today", "taskmaster://upcoming"}
	if diff := cmp.Diff(want, uris); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	for uri, title := range map[string]string{
		"taskmaster://today": "Bread", "taskmaster://upcoming": "Report", "taskmaster://tags/work%2Freports": "Report",
		"taskmaster://tags/shopping": "Soap", "taskmaster://tasks/" + tasks[2].ID: "Soap",
	} {
		r, err := a.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: uri})
		if err != nil {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		var content toolResult
		if err := json.Unmarshal([]byte(r.Contents[0].Text), &content); err != nil {
			t.Fatal(err)
		}
		found := slices.Concat(content.Today, content.Tasks)
		if len(found) != 1 || found[0].Title != title || content.Notice == "" {
			t.Errorf("%s holds %+v, want %s and a notice", uri, content, title)
		}
	}
	if _, err := a.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "taskmaster://tasks/00000000-0000-7000-8000-000000000000"}); err == nil {
		t.Error("a task that does not exist was read")
	}
	completed, err := a.Complete(t.Context(), &sdk.CompleteParams{
		Ref:      &sdk.CompleteReference{Type: "ref/resource", URI: "taskmaster://tags/{tag}"},
		Argument: sdk.CompleteParamsArgument{Name: "tag", Value: "SHOP"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"shop", "shopping"}, completed.Completion.Values); diff != "" {
		t.Errorf("completions (-want +got):\n%s", diff)
	}
	prompts, err := a.ListPrompts(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, prompt := range prompts.Prompts {
		got, err := a.GetPrompt(t.Context(), &sdk.GetPromptParams{Name: prompt.Name, Arguments: map[string]string{"task": "Soap", "tag": "shop"}})
		if err != nil {
			t.Fatal(err)
		}
		if text := got.Messages[0].Content.(*sdk.TextContent).Text; strings.Contains(text, "{{") {
			t.Errorf("%s has an argument without a value: %s", prompt.Name, text)
		}
	}
	if n := len(prompts.Prompts); n != 3 {
		t.Errorf("got %d prompts, want 3", n)
	}
}
