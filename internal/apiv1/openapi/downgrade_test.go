package openapi_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"taskmaster/internal/apiv1/openapi"
)

// TestForm30IsOpenAPI30 finds every part of OpenAPI 3.1 that 3.0 does not have.
func TestForm30IsOpenAPI30(t *testing.T) {
	t.Parallel()
	raw, err := openapi.Document30()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if doc["openapi"] != "3.0.3" {
		t.Errorf("openapi is %v, want 3.0.3", doc["openapi"])
	}
	if info := doc["info"].(map[string]any); info["summary"] != nil {
		t.Errorf("info has the summary %v, which 3.0 does not have", info["summary"])
	}
	nullable := 0
	walk("", doc, func(pointer string, o map[string]any) {
		for _, name := range []string{"jsonSchemaDialect", "webhooks", "const", "$defs", "prefixItems", "if", "contains", "unevaluatedProperties", "patternProperties", "contentMediaType", "contentEncoding"} {
			if _, ok := o[name]; ok {
				t.Errorf("%s has %s", pointer, name)
			}
		}
		if _, ok := o["type"].([]any); ok {
			t.Errorf("%s has a list of types", pointer)
		}
		if o["type"] == "null" {
			t.Errorf("%s has the type null", pointer)
		}
		if _, ok := o["$ref"]; ok && len(o) > 1 {
			t.Errorf("%s has members beside $ref", pointer)
		}
		if _, ok := o["exclusiveMinimum"].(float64); ok {
			t.Errorf("%s has a number as exclusiveMinimum", pointer)
		}
		if scopes, ok := o["apiToken"].([]any); ok && len(scopes) > 0 {
			t.Errorf("%s has the scopes %v for a scheme that is not OAuth", pointer, scopes)
		}
		if o["nullable"] == true {
			nullable++
		}
	})
	if nullable == 0 {
		t.Error("nothing is nullable, but 3.1 has values that may be null")
	}
}

// TestDocumentHasItemsOfArrays finds arrays without a schema for their items. OpenAPI allows them in
// 3.1, but generators leave such a type out.
func TestDocumentHasItemsOfArrays(t *testing.T) {
	t.Parallel()
	var doc any
	if err := json.Unmarshal(openapi.Document, &doc); err != nil {
		t.Fatal(err)
	}
	walk("", doc, func(pointer string, o map[string]any) {
		types, _ := o["type"].([]any)
		if _, ok := o["items"]; !ok && (o["type"] == "array" || len(types) > 0 && types[0] == "array") {
			t.Errorf("%s has no items", pointer)
		}
	})
}

// walk calls f for every object of a document, but not for those in examples.
func walk(pointer string, v any, f func(string, map[string]any)) {
	switch v := v.(type) {
	case []any:
		for i, element := range v {
			walk(fmt.Sprintf("%s/%d", pointer, i), element, f)
		}
	case map[string]any:
		f(pointer, v)
		for name, member := range v {
			if name != "example" && name != "examples" {
				walk(pointer+"/"+name, member, f)
			}
		}
	}
}
