package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"taskmaster/internal/account"
)

// assistant is a client of the SDK that is connected to /mcp with a token.
type assistant struct {
	*sdk.ClientSession
}

// newAssistant connects an assistant over HTTP to a server for each api, which answer in turn.
func (p person) newAssistant(t *testing.T, token string, replicas ...*testAPI) assistant {
	t.Helper()
	if len(replicas) == 0 {
		replicas = []*testAPI{p.testAPI}
	}
	var handlers []http.Handler
	for _, replica := range replicas {
		handlers = append(handlers, replica.service.handler())
	}
	turn := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn++
		handlers[turn%len(handlers)].ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	transport := &sdk.StreamableClientTransport{
		Endpoint: server.URL + "/mcp", HTTPClient: &http.Client{Transport: withToken(token)}, DisableStandaloneSSE: true,
	}
	session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return assistant{session}
}

// withToken adds a token to each request.
type withToken string

func (token withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(token))
	return http.DefaultTransport.RoundTrip(r)
}

// readWrite returns an assistant whose token can read and write tasks.
func (p person) readWrite(t *testing.T) assistant {
	t.Helper()
	return p.newAssistant(t, p.newToken(t, account.ScopeTasksRead, account.ScopeTasksWrite))
}

// args are the arguments of a tool.
type args = map[string]any

// shownTask is the part of a task that the tests read.
type shownTask struct {
	ID, Title, Description, Due, Priority, Repeats, RRule string
	Completed, Overdue                                    bool
	Tags, Reminders                                       []string
	Snoozed                                               string `json:"snoozed_until"`
	Revision                                              int64
}

// toolResult has the fields of all tools' results.
type toolResult struct {
	Done                  bool
	Token                 string `json:"confirm_token"`
	Notice, Message       string
	Tasks, Overdue, Today []shownTask
	Failed                []struct{ ID, Title, Problem string }
	NextCursor            string `json:"next_cursor"`
	Date, TimeZone        string
	Dates                 []string
	Words, RRule          string
	Entries               []struct{ Type string }
	Changes               []struct {
		Revision int64
		Deleted  bool
		Task     shownTask
	}
	Revision    int64
	Epoch       string
	Tags        []struct{ Tag string }
	Results     []struct{ ID, Title, URL string }
	Text, Title string
}

// call calls a tool and ends the test if it refuses.
func (a assistant) call(t *testing.T, tool string, arguments args) toolResult {
	t.Helper()
	r, err := a.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	text := r.Content[0].(*sdk.TextContent).Text
	if r.IsError {
		t.Fatalf("%s was refused: %s", tool, text)
	}
	structured, err := json.Marshal(r.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	var fromText, out toolResult
	if err := json.Unmarshal([]byte(text), &fromText); err != nil {
		t.Fatalf("%s answered with a text that is not JSON: %v", tool, err)
	}
	if err := json.Unmarshal(structured, &out); err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprint(fromText), fmt.Sprint(out); a != b {
		t.Errorf("%s: the text differs from the structured content:\n%s\n%s", tool, a, b)
	}
	return out
}

// refused calls a tool that has to refuse with some words, and returns all of them.
func (a assistant) refused(t *testing.T, tool string, arguments args, want ...string) string {
	t.Helper()
	r, err := a.CallTool(t.Context(), &sdk.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	text := r.Content[0].(*sdk.TextContent).Text
	if !r.IsError {
		t.Fatalf("%s was not refused: %s", tool, text)
	}
	if r.StructuredContent != nil {
		t.Errorf("%s: an error has structured content", tool)
	}
	for _, words := range want {
		if !strings.Contains(text, words) {
			t.Errorf("%s refused with %q, want %q in it", tool, text, words)
		}
	}
	return text
}

// add adds tasks by sentences and returns them.
func (a assistant) add(t *testing.T, sentences ...string) []shownTask {
	t.Helper()
	return a.call(t, "add_tasks", args{"sentences": sentences}).Tasks
}

func idsOf(tasks []shownTask) []string {
	ids := make([]string, len(tasks))
	for i, t := range tasks {
		ids[i] = t.ID
	}
	return ids
}
