package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/external"
)

func TestDocumentURLs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"https://claude.ai/oauth/claude-code-client-metadata":  true,
		"https://chatgpt.com/oauth/abc/client.json":            true,
		"https://app.example.com:8443/client":                  true,
		"https://app.example.com/":                             false,
		"https://app.example.com":                              false,
		"http://app.example.com/client":                        false,
		"http://localhost/client":                              false,
		"https://app.example.com/a/../client":                  false,
		"https://app.example.com/client#x":                     false,
		"https://user@app.example.com/client":                  false,
		"https:///client":                                      false,
		"cursor://a/client":                                    false,
		"5b0e7a52-0f3c-4c39-9f39-6a0f0c2f5f0e":                 false,
		"https://app.example.com/" + strings.Repeat("x", 1000): false,
	} {
		if got := IsDocumentURL(id); got != want {
			t.Errorf("%.60s: got %v, want %v", id, got, want)
		}
	}
}

// TestDocuments has the documents of clients and wrong ones.
func TestDocuments(t *testing.T) {
	t.Parallel()
	const right = `{"client_id":%q,"client_name":"ChatGPT","redirect_uris":["https://chatgpt.com/connector/oauth/x"],"token_endpoint_auth_method":"private_key_jwt"}`
	for name, c := range map[string]struct {
		document, contentType string
		status                int
		refused               string // a part of the reason
	}{
		"right":                 {document: right},
		"of another media type": {document: right, contentType: "application/client-metadata+json; charset=utf-8"},
		"a page":                {document: right, contentType: "text/html", refused: "cannot be fetched"},
		"gone":                  {document: right, status: http.StatusNotFound, refused: "cannot be fetched"},
		"a redirect":            {document: right, status: http.StatusFound, refused: "cannot be fetched"},
		"too large":             {document: right + strings.Repeat(" ", maxDocument), refused: "cannot be fetched"},
		"of another client":     {document: strings.Replace(right, "%q", `"https://other.example.com/x"`, 1), refused: "client_id"},
		"with a secret":         {document: strings.Replace(right, "private_key_jwt", "client_secret_basic", 1), refused: "secret"},
		"a wrong redirect":      {document: strings.Replace(right, "https://chatgpt", "http://chatgpt", 1), refused: "not encrypted"},
		"not JSON":              {document: "<", refused: "not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			var id string
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests++
				w.Header().Set("Content-Type", c.contentType)
				if c.contentType == "" {
					w.Header().Set("Content-Type", "application/json")
				}
				w.Header().Set("Location", id+"2")
				if c.status != 0 {
					w.WriteHeader(c.status)
				}
				if strings.Contains(c.document, "%q") {
					fmt.Fprintf(w, c.document, id)
				} else {
					fmt.Fprint(w, c.document)
				}
			}))
			t.Cleanup(server.Close)
			id = server.URL + "/client"
			client := server.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
			d := NewDocuments(client, func() time.Time { return now })
			got, err := d.Client(t.Context(), id)
			if c.refused != "" {
				if unsafe, ok := errors.AsType[*UnsafeError](err); !ok || !strings.Contains(unsafe.Reason, c.refused) {
					t.Fatalf("got %v, want it refused because of %q", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := Client{ID: id, Name: "ChatGPT", RedirectURIs: []string{"https://chatgpt.com/connector/oauth/x"}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("client (-want +got):\n%s", diff)
			}
			for _, step := range []struct {
				after time.Duration
				want  int
			}{{documentKept - time.Second, 1}, {time.Second, 2}} {
				now = now.Add(step.after)
				if _, err := d.Client(t.Context(), id); err != nil || requests != step.want {
					t.Errorf("after %s: %d requests and %v, want %d", step.after, requests, err, step.want)
				}
			}
		})
	}
}

// TestDocumentsInsideAreNotFetched shows that a client id leads to no address of our own network.
func TestDocumentsInsideAreNotFetched(t *testing.T) {
	t.Parallel()
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(server.Close)
	client := external.NewClient(external.IsPublic)
	client.Transport.(*http.Transport).TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	d := NewDocuments(client, time.Now)
	for _, id := range []string{server.URL + "/client", strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/client", "https://169.254.169.254/latest/meta-data"} {
		if _, err := d.Client(t.Context(), id); !errors.As(err, new(*UnsafeError)) {
			t.Errorf("%s: got %v, want it refused", id, err)
		}
	}
	if reached {
		t.Error("the inside was reached")
	}
}
