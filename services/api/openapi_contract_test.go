package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"taskmaster/internal/account"
	"taskmaster/internal/apiv1/openapi"
)

// checked returns h with a check of every exchange under /api/v1 against openapi.json. It checks
// path, method, status, content type, headers and body of the response. If h accepted the request,
// it checks its parameters and body too. An undocumented exchange fails the test, including status
// 500. All tests of handlers use it.
func checked(t *testing.T, h http.Handler) http.Handler {
	t.Helper()
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/v1/") {
			h.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%s %s: read request: %v", r.Method, r.URL.Path, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := &recorded{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(answer, r)
		if err := c.check(r, body, answer); err != nil {
			t.Errorf("%s %s: the response %d differs from openapi.json: %v\n%s", r.Method, r.URL, answer.status, err, answer.body.Bytes())
		}
	})
}

// recorded passes a response on and keeps a copy.
type recorded struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorded) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorded) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

func (r *recorded) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// contract is the parsed openapi.json.
type contract struct {
	doc map[string]any
	// operations maps a request to its operation by the same rules as the router of the handler.
	operations *http.ServeMux
	mu         sync.Mutex
	compiler   *jsonschema.Compiler
}

// documentURL is the URL of the document for the schema compiler.
const documentURL = "file:///openapi.json"

var theContract = sync.OnceValues(func() (*contract, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(openapi.Document))
	if err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	c := &contract{doc: doc.(map[string]any), operations: http.NewServeMux(), compiler: jsonschema.NewCompiler()}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(documentURL, doc); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	for _, o := range c.list() {
		c.operations.Handle(o.route(), o)
	}
	return c, nil
})

// operation is one method of one path.
type operation struct {
	method, path string
	node
}

func (o operation) route() string { return strings.ToUpper(o.method) + " " + o.path }

// ServeHTTP is never called. An operation is a handler only so that ServeMux can find it.
func (operation) ServeHTTP(http.ResponseWriter, *http.Request) {
	panic("an operation is not a handler")
}

// list returns the operations of the document by path and method.
func (c *contract) list() []operation {
	var found []operation
	paths := c.root().child("paths")
	for _, path := range paths.names() {
		for _, method := range paths.child(path).names() {
			found = append(found, operation{method, path, paths.child(path).child(method)})
		}
	}
	return found
}

func (c *contract) check(r *http.Request, body []byte, answer *recorded) error {
	found, _ := c.operations.Handler(r)
	o, ok := found.(operation)
	if !ok {
		return c.checkUnknown(r, answer)
	}
	response := o.child("responses").child(strconv.Itoa(answer.status))
	if !response.exists() {
		return errors.New("the operation has no such status")
	}
	var problems []error
	problems = append(problems, c.checkHeaders(o, response, answer.Header()))
	if r.Method != http.MethodHead {
		problems = append(problems, c.checkContent(response, answer.Header().Get("Content-Type"), answer.body.Bytes()))
	}
	if answer.status < http.StatusBadRequest {
		problems = append(problems, c.checkRequest(o, r, body))
	}
	return errors.Join(problems...)
}

// checkUnknown accepts a request without an operation if the response is a problem with 404 or 405.
func (c *contract) checkUnknown(r *http.Request, answer *recorded) error {
	if answer.status != http.StatusNotFound && answer.status != http.StatusMethodNotAllowed {
		return errors.New("there is no such path and method")
	}
	return c.checkContent(c.root().child("components").child("responses").child("NotFound"), answer.Header().Get("Content-Type"), answer.body.Bytes())
}

func (c *contract) checkHeaders(o operation, response node, got http.Header) error {
	var problems []error
	headers := response.child("headers")
	for _, name := range headers.names() {
		header := headers.child(name)
		values := got.Values(name)
		if len(values) == 0 && header.value("required") == true {
			problems = append(problems, fmt.Errorf("header %s is missing", name))
		}
		for _, v := range values {
			if err := c.validate(header.child("schema"), v); err != nil {
				problems = append(problems, fmt.Errorf("header %s: %w", name, err))
			}
		}
	}
	for _, name := range []string{"ETag", "Location", "Retry-After", "Set-Cookie", "Idempotency-Replayed", "Content-Disposition", "WWW-Authenticate"} {
		if name == "Set-Cookie" && renewsSession(o, got) {
			continue
		}
		if len(got.Values(name)) > 0 && !slices.Contains(headers.names(), name) {
			problems = append(problems, fmt.Errorf("header %s is not in the document", name))
		}
	}
	return errors.Join(problems...)
}

// renewsSession reports whether a response extends the caller's session. The document allows this
// for every operation with a session.
func renewsSession(o operation, got http.Header) bool {
	cookies := (&http.Response{Header: got}).Cookies()
	if len(cookies) == 2 && cookies[1].Name == account.CookieName && cookies[1].MaxAge < 0 {
		cookies = cookies[:1] // the name of the version before ends
	}
	return len(o.child("security").names()) > 0 && len(cookies) == 1 && cookies[0].Value != "" && cookies[0].MaxAge > 0
}

func (c *contract) checkContent(response node, contentType string, body []byte) error {
	content := response.child("content")
	if !content.exists() {
		if len(body) > 0 || contentType != "" {
			return fmt.Errorf("has a body of type %q, but the document has none", contentType)
		}
		return nil
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil || !content.child(mediaType).exists() {
		return fmt.Errorf("content type %q is not one of %v", contentType, content.names())
	}
	if !strings.HasSuffix(mediaType, "json") {
		return c.validate(content.child(mediaType).child("schema"), string(body))
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return c.validate(content.child(mediaType).child("schema"), value)
}

func (c *contract) validate(schema node, value any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	compiled, err := c.compiler.Compile(documentURL + "#" + schema.pointer)
	if err != nil {
		return fmt.Errorf("schema %s: %w", schema.pointer, err)
	}
	return compiled.Validate(value)
}

// node is a position in the document. References are followed.
type node struct {
	c       *contract
	pointer string
	at      any
}

func (c *contract) root() node { return node{c: c, at: c.doc} }

func (n node) exists() bool { return n.at != nil }

func (n node) value(name string) any {
	m, _ := n.at.(map[string]any)
	return m[name]
}

// member returns a member of an object, or an element of an array by its number.
func (n node) member(name string) node {
	made := node{c: n.c, pointer: n.pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name), at: n.value(name)}
	if list, ok := n.at.([]any); ok {
		if i, err := strconv.Atoi(name); err == nil && i < len(list) {
			made.at = list[i]
		}
	}
	return made
}

// child returns a member, and follows a reference. The schema compiler resolves references to
// schemas.
func (n node) child(name string) node {
	made := n.member(name)
	if ref, ok := made.value("$ref").(string); ok && !strings.HasPrefix(ref, "#/components/schemas/") {
		return n.c.resolve(ref)
	}
	return made
}

// resolve follows a reference such as "#/components/parameters/Limit".
func (c *contract) resolve(ref string) node {
	n := c.root()
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		n = n.child(name)
	}
	return n
}

// names returns the names of the members, or the numbers of the elements, in order.
func (n node) names() []string {
	var names []string
	switch at := n.at.(type) {
	case map[string]any:
		for name := range at {
			names = append(names, name)
		}
		slices.Sort(names)
	case []any:
		for i := range at {
			names = append(names, strconv.Itoa(i))
		}
	}
	return names
}

// TestCheckedRefuses shows that checked detects each difference between a response and the
// document.
func TestCheckedRefuses(t *testing.T) {
	t.Parallel()
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	problem := func(status int) string {
		return fmt.Sprintf(`{"type": "about:blank", "title": "x", "status": %d, "detail": "x", "code": "not_found"}`, status)
	}
	task := marshal(t, c.resolve("#/components/examples/Task").value("value"))
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	asJSON := header("Content-Type", "application/json", "ETag", `"42"`)
	tests := []struct {
		name, method, target, request string
		status                        int
		header                        http.Header
		body, want                    string
	}{
		{"a task", "GET", "/api/v1/tasks/1", "", 200, asJSON, task, ""},
		{"an undocumented path", "GET", "/api/v1/nothing", "", 200, asJSON, task, "no such path"},
		{"an unknown path", "GET", "/api/v1/nothing", "", 404, header("Content-Type", "application/problem+json"), problem(404), ""},
		{"an undocumented method", "PUT", "/api/v1/tasks/1", "", 200, asJSON, task, "no such path and method"},
		{"an undocumented status", "GET", "/api/v1/tasks/1", "", 500, header("Content-Type", "application/problem+json"), problem(500), "no such status"},
		{"no ETag", "GET", "/api/v1/tasks/1", "", 200, header("Content-Type", "application/json"), task, "ETag is missing"},
		{"a bad ETag", "GET", "/api/v1/tasks/1", "", 200, header("Content-Type", "application/json", "ETag", "42"), task, "ETag"},
		{"an undocumented header", "GET", "/api/v1/tasks", "", 200, asJSON, `{"items": [], "next_cursor": ""}`, "ETag is not in the document"},
		{"another content type", "GET", "/api/v1/tasks/1", "", 200, header("Content-Type", "text/html", "ETag", `"42"`), task, "content type"},
		{"a body where there is none", "DELETE", "/api/v1/tasks/1", "", 204, header("Content-Type", "application/json"), "{}", "has a body"},
		{"an undocumented field", "GET", "/api/v1/tasks/1", "", 200, asJSON, strings.Replace(task, `"title"`, `"colour": 1, "title"`, 1), "colour"},
		{"a missing field", "GET", "/api/v1/tasks/1", "", 200, asJSON, strings.Replace(task, `"title"`, `"titel"`, 1), "title"},
		{"a field of another type", "GET", "/api/v1/tasks/1", "", 200, asJSON, strings.Replace(task, `"completed":false`, `"completed":"no"`, 1), "completed"},
		{"an invalid instant", "GET", "/api/v1/tasks/1", "", 200, asJSON, strings.Replace(task, `"due_at":"2026-03-01T`, `"due_at":"2026-03-01 `, 1), "due_at"},
		{"an undocumented parameter", "GET", "/api/v1/tasks?colour=red", "", 200, header("Content-Type", "application/json"), `{"items": [], "next_cursor": ""}`, "colour"},
		{"a parameter of another type", "GET", "/api/v1/tasks?limit=many", "", 200, header("Content-Type", "application/json"), `{"items": [], "next_cursor": ""}`, "limit"},
		{"an accepted undocumented field", "PATCH", "/api/v1/tasks/1", `{"colour": 1}`, 200, asJSON, task, "colour"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.target, nil)
			r.Header.Set("Authorization", "Bearer x")
			answer := &recorded{ResponseWriter: httptest.NewRecorder(), status: tt.status}
			for name, values := range tt.header {
				answer.Header()[name] = values
			}
			answer.body.WriteString(tt.body)
			err := c.check(r, []byte(tt.request), answer)
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
