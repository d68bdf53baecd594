package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"taskmaster/internal/apiv1/openapi"
	"taskmaster/internal/event/schema"
)

// TestDocumentListsTheRoutes compares the paths of the document with those of routes.go, both ways.
func TestDocumentListsTheRoutes(t *testing.T) {
	t.Parallel()
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, o := range c.list() {
		documented[o.route()] = true
	}
	routed := map[string]bool{}
	for _, r := range new(service).routes() {
		if strings.Contains(r.pattern, " /api/v1/") {
			routed[r.pattern] = true
		}
	}
	for _, route := range slices.Sorted(maps.Keys(routed)) {
		if !documented[route] {
			t.Errorf("%s is in routes.go and not in openapi.json", route)
		}
	}
	for _, route := range slices.Sorted(maps.Keys(documented)) {
		if !routed[route] {
			t.Errorf("%s is in openapi.json and not in routes.go", route)
		}
	}
}

// TestDocumentsAreServed shows that the documents need no account, and answer 304 to their ETag.
func TestDocumentsAreServed(t *testing.T) {
	t.Parallel()
	for path, content := range map[string]func() ([]byte, error){
		"/api/v1/openapi.json": openAPIDocument, "/api/v1/openapi-3.0.json": openapi.Document30, "/api/v1/asyncapi.json": schema.AsyncAPI,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			want, err := content()
			if err != nil {
				t.Fatal(err)
			}
			h := checked(t, new(service).handler())
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
			if w.Code != http.StatusOK {
				t.Fatalf("got %d, want 200", w.Code)
			}
			if !bytes.Equal(w.Body.Bytes(), want) {
				t.Errorf("got %d bytes, want the document of %d bytes", w.Body.Len(), len(want))
			}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			r.Header.Set("If-None-Match", w.Header().Get("ETag"))
			w = httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusNotModified {
				t.Errorf("with its ETag: got %d, want 304", w.Code)
			}
			if w.Body.Len() > 0 {
				t.Errorf("with its ETag: got %d bytes, want none", w.Body.Len())
			}
		})
	}
}

// TestDocumentIsOpenAPI checks the rules of OpenAPI 3.1 that apply to this document. Every
// reference has a target and every component is used. Operations are complete, schemas are valid by
// their meta-schema, and each example fits its schema.
func TestDocumentIsOpenAPI(t *testing.T) {
	t.Parallel()
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := c.doc["openapi"].(string); !strings.HasPrefix(v, "3.1.") {
		t.Errorf("openapi is %q, want 3.1", v)
	}
	for _, name := range []string{"title", "version"} {
		if s, _ := c.root().child("info").value(name).(string); s == "" {
			t.Errorf("info has no %s", name)
		}
	}
	used := map[string]bool{}
	visit(c.root(), func(n node) {
		if ref, ok := n.value("$ref").(string); ok {
			used[ref] = true
			if !c.resolve(ref).exists() {
				t.Errorf("%s: %s has no target", n.pointer, ref)
			}
		}
		if n.value("schema") != nil {
			c.checkExamples(t, n)
		}
		if n.value("properties") != nil && n.value("additionalProperties") != false {
			t.Errorf("%s allows additional properties", n.pointer)
		}
	})
	components := c.root().child("components")
	for _, kind := range components.names() {
		for _, name := range components.child(kind).names() {
			ref := "#/components/" + kind + "/" + name
			if kind == "schemas" {
				if err := c.compiles(c.resolve(ref)); err != nil {
					t.Error(err)
				}
			}
			if kind != "securitySchemes" && !used[ref] {
				t.Errorf("%s is not used", ref)
			}
		}
	}
	ids := map[string]bool{}
	for _, o := range c.list() {
		id, _ := o.value("operationId").(string)
		if id == "" || ids[id] {
			t.Errorf("%s: operationId %q is empty or not unique", o.route(), id)
		}
		ids[id] = true
		c.checkOperation(t, o)
	}
}

// visit calls f for every object in the document. It does not follow references.
func visit(n node, f func(node)) {
	if _, ok := n.at.(map[string]any); ok {
		f(n)
	}
	for _, name := range n.names() {
		if child := n.member(name); child.exists() {
			visit(child, f)
		}
	}
}

// checkExamples checks the examples of a parameter, header or body against its schema.
func (c *contract) checkExamples(t *testing.T, n node) {
	t.Helper()
	if err := c.compiles(n.child("schema")); err != nil {
		t.Error(err)
		return
	}
	examples := map[string]any{}
	if v := n.value("example"); v != nil {
		examples["example"] = v
	}
	for _, name := range n.child("examples").names() {
		examples[name] = n.child("examples").child(name).value("value")
	}
	inContent := strings.Contains(n.pointer, "/content/")
	if inContent && len(examples) == 0 && !strings.Contains(n.pointer, ".json") {
		t.Errorf("%s has no example", n.pointer)
	}
	for name, v := range examples {
		if err := c.validate(n.child("schema"), v); err != nil {
			t.Errorf("%s: %s: %v", n.pointer, name, err)
		}
	}
}

func (c *contract) compiles(schema node) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.compiler.Compile(documentURL + "#" + schema.pointer); err != nil {
		return fmt.Errorf("schema %s: %w", schema.pointer, err)
	}
	return nil
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

func (c *contract) checkOperation(t *testing.T, o operation) {
	t.Helper()
	if summary, _ := o.value("summary").(string); summary == "" {
		t.Errorf("%s has no summary", o.route())
	}
	inPath := map[string]bool{}
	for _, i := range o.child("parameters").names() {
		p := o.child("parameters").child(i)
		name, place := fmt.Sprint(p.value("name")), fmt.Sprint(p.value("in"))
		if !slices.Contains([]string{"path", "query", "header", "cookie"}, place) || p.value("schema") == nil || p.value("description") == nil {
			t.Errorf("%s: parameter %s in %s lacks a schema or description", o.route(), name, place)
		}
		if place == "path" {
			inPath[name] = p.value("required") == true
		}
	}
	var want []string
	for _, found := range pathParameter.FindAllStringSubmatch(o.path, -1) {
		want = append(want, found[1])
		if !inPath[found[1]] {
			t.Errorf("%s: {%s} is not a required parameter", o.route(), found[1])
		}
	}
	if len(inPath) != len(want) {
		t.Errorf("%s has the path parameters %v, want %v", o.route(), slices.Sorted(maps.Keys(inPath)), want)
	}
	schemes := c.root().child("components").child("securitySchemes")
	for _, i := range o.child("security").names() {
		for _, name := range o.child("security").child(i).names() {
			if !schemes.child(name).exists() {
				t.Errorf("%s: there is no security scheme %s", o.route(), name)
			}
		}
	}
	responses, granted := o.child("responses"), 0
	for _, status := range responses.names() {
		if responses.child(status).value("description") == nil {
			t.Errorf("%s: %s has no description", o.route(), status)
		}
		if status[0] == '2' {
			granted++
		}
		if status[0] == '4' || status[0] == '5' {
			if !responses.child(status).child("content").child("application/problem+json").exists() {
				t.Errorf("%s: %s is not a problem", o.route(), status)
			}
		}
	}
	if granted == 0 {
		t.Errorf("%s has no response for success", o.route())
	}
}
