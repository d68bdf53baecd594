package main

import (
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"taskmaster/services/web/proxy"
)

func TestRouting(t *testing.T) {
	t.Parallel()
	e := start(t, config{
		APIURLs: []string{named(t, "api")}, LiveURLs: []string{named(t, "live")}, AssistantURL: named(t, "assistant"),
	})
	tests := map[string]struct {
		method, path, body string
		status             int
		want               string
	}{
		"list":                    {"GET", "/api/v1/tasks?status=open&q=a%20b", "", 200, "api GET /api/v1/tasks?status=open&q=a%20b"},
		"create":                  {"POST", "/api/v1/tasks", `{"title":"a"}`, 200, `api POST /api/v1/tasks {"title":"a"}`},
		"patch":                   {"PATCH", "/api/v1/tasks/1", `{}`, 200, `api PATCH /api/v1/tasks/1 {}`},
		"escaped slash":           {"GET", "/api/v1/tasks/a%2Fb", "", 200, "api GET /api/v1/tasks/a%2Fb"},
		"MCP":                     {"POST", "/mcp", `{}`, 200, "api POST /mcp {}"},
		"MCP slash":               {"POST", "/mcp/", `{}`, 200, "api POST /mcp/ {}"},
		"MCP stream":              {"GET", "/mcp", "", 200, "api GET /mcp"},
		"resource metadata":       {"GET", "/.well-known/oauth-protected-resource/mcp", "", 200, "api GET /.well-known/oauth-protected-resource/mcp"},
		"resource metadata, bare": {"GET", "/.well-known/oauth-protected-resource", "", 200, "api GET /.well-known/oauth-protected-resource"},
		"server metadata":         {"GET", "/.well-known/oauth-authorization-server", "", 200, "api GET /.well-known/oauth-authorization-server"},
		"register":                {"POST", "/oauth/register", `{}`, 200, "api POST /oauth/register {}"},
		"token":                   {"POST", "/oauth/token", "a=b", 200, "api POST /oauth/token a=b"},
		"revoke":                  {"POST", "/oauth/revoke", "a=b", 200, "api POST /oauth/revoke a=b"},
		"live":                    {"GET", "/live?since=4", "", 200, "live GET /live?since=4"},
		"chat":                    {"POST", "/chat", `{}`, 200, "assistant POST /chat {}"},
		"chat's voice":            {"POST", "/chat/voice", "", 200, "assistant POST /chat/voice"},

		"internal":                  {"POST", "/internal/occurrences", "", 404, ""},
		"jobs":                      {"POST", "/job/reminder-task-1", "", 404, ""},
		"events":                    {"POST", "/events/task-updates", "", 404, ""},
		"a page that is not":        {"GET", "/admin", "", 404, ""},
		"a way out":                 {"POST", "/api/%2e%2e/internal/occurrences", "", 400, ""},
		"a way out by a slash":      {"POST", "/api/..%2finternal/occurrences", "", 400, ""},
		"a way out of live":         {"GET", "/live/../events/task-updates", "", 404, ""},
		"posting to live":           {"POST", "/live", "", 405, ""},
		"posting to the page":       {"POST", "/", "", 405, ""},
		"two slashes in the middle": {"GET", "/api/v1%2f%2ftasks", "", 400, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := e.do(tt.method, tt.path, strings.NewReader(tt.body))
			if got.status != tt.status || (tt.want != "" && got.body != tt.want) {
				t.Errorf("got %d %s, want %d %s", got.status, got.body, tt.status, tt.want)
			}
			if got.status >= 400 && got.code() == "no problem" {
				t.Errorf("got %s, want a problem", got.body)
			}
		})
	}
}

func TestForwardedHeaders(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		trusted []string
		sent    []string
		want    map[string]string
	}{
		"host and address": {
			sent: []string{"Host", "tasks.example.com"},
			want: map[string]string{
				"Host": "tasks.example.com", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "tasks.example.com", "X-Forwarded-Proto": "http",
			},
		},
		"claims of clients are dropped": {
			trusted: []string{"10.0.0.0/8"},
			sent: []string{
				"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example.com", "Forwarded", "for=203.0.113.9",
				"Dapr-Api-Token", "guess",
			},
			want: map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "Forwarded": "", "Dapr-Api-Token": ""},
		},
		"claims of a trusted proxy are kept": {
			trusted: []string{"127.0.0.0/8"},
			sent:    []string{"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "tasks.example.com"},
			want:    map[string]string{"X-Forwarded-For": "203.0.113.9, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "tasks.example.com"},
		},
		"headers for one hop end here": {
			sent: []string{"Connection", "X-Hop", "X-Hop", "1", "Proxy-Authorization", "Basic eA==", "Te", "deflate"},
			want: map[string]string{"X-Hop": "", "Proxy-Authorization": "", "Te": "", "Connection": ""},
		},
		"credentials pass": {
			sent: []string{"Cookie", "taskmaster_session=a", "Authorization", "Bearer b", "Idempotency-Key", "c", "If-Match", `"3"`},
			want: map[string]string{"Cookie": "taskmaster_session=a", "Authorization": "Bearer b", "Idempotency-Key": "c", "If-Match": `"3"`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan http.Header, 1)
			api := upstream(t, func(_ http.ResponseWriter, r *http.Request) {
				h := maps.Clone(r.Header)
				h.Set("Host", r.Host)
				seen <- h
			})
			e := start(t, config{APIURLs: []string{api}, TrustedProxies: tt.trusted})
			e.do("GET", "/api/v1/me", nil, tt.sent...)
			got := <-seen
			for name, want := range tt.want {
				if got.Get(name) != want {
					t.Errorf("%s: got %q, want %q", name, got.Get(name), want)
				}
			}
		})
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	api := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	e := start(t, config{APIURLs: []string{api}})
	tests := map[string]struct {
		size    int64
		chunked bool
		want    int
	}{
		"an import":                    {10 << 20, false, 200},
		"an import of unknown length":  {10 << 20, true, 200},
		"too much":                     {proxy.MaxBody + 1, false, 413},
		"too much, of unknown length ": {proxy.MaxBody + 1, true, 413},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := io.LimitReader(zeros{}, tt.size)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.url+"/api/v1/import", body)
			if err != nil {
				t.Fatal(err)
			}
			if !tt.chunked {
				r.ContentLength = tt.size
				r.Header.Set("Expect", "100-continue") // so that the client reads the refusal instead of a broken connection
			}
			res, err := e.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != tt.want {
				t.Errorf("got %d, want %d", res.StatusCode, tt.want)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestNoAssistant(t *testing.T) {
	t.Parallel()
	got := start(t, config{}).do("POST", "/chat", strings.NewReader("{}"))
	if got.status != 503 || got.code() != "unavailable" || !strings.Contains(got.body, "the assistant does not run here") {
		t.Errorf("got %d %s, want 503 saying that there is no assistant", got.status, got.body)
	}
}
