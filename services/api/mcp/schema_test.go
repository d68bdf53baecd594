package mcp

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"
)

// TestSchemasSuitEveryClient checks the rules that clients have for tools. A client that meets another
// schema drops the tool or the whole list.
func TestSchemasSuitEveryClient(t *testing.T) {
	t.Parallel()
	all := tools()
	if len(all) > 25 {
		t.Errorf("got %d tools, want at most 25", len(all))
	}
	for _, tool := range all {
		t.Run(tool.Name, func(t *testing.T) {
			t.Parallel()
			d := tool.describe()
			if !regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`).MatchString(d.Name) {
				t.Errorf("the name %q does not suit every client", d.Name)
			}
			if n := len([]rune(d.Description)); n == 0 || n > 200 {
				t.Errorf("the description has %d characters, want 1 to 200", n)
			}
			if d.Title == "" || d.Annotations.DestructiveHint == nil || d.Annotations.OpenWorldHint == nil || *d.Annotations.OpenWorldHint {
				t.Errorf("a title or an annotation is missing: %+v", d.Annotations)
			}
			input, output := asJSON(t, d.InputSchema), asJSON(t, d.OutputSchema)
			checkSchema(t, "input", input)
			checkSchema(t, "output", output)
			if input["additionalProperties"] != false {
				t.Error("the input schema accepts unknown arguments")
			}
			if _, closed := output["additionalProperties"]; closed {
				t.Error("the output schema is closed: a field of a later version would fail")
			}
		})
	}
}

func asJSON(t *testing.T, v any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if out["type"] != "object" {
		t.Fatalf("the root is of type %v, want object", out["type"])
	}
	return out
}

func checkSchema(t *testing.T, path string, s map[string]any) {
	t.Helper()
	for _, refused := range []string{"anyOf", "oneOf", "allOf", "not", "if", "$ref", "$defs", "format"} {
		if _, ok := s[refused]; ok {
			t.Errorf("%s has %s", path, refused)
		}
	}
	kind, ok := s["type"].(string)
	if !ok {
		t.Errorf("%s has the type %v, want one word", path, s["type"])
	}
	items, hasItems := s["items"].(map[string]any)
	if (kind == "array") != hasItems {
		t.Errorf("%s of type %s: items present is %t", path, kind, hasItems)
	}
	if hasItems {
		checkSchema(t, path+"[]", items)
	}
	enum, _ := s["enum"].([]any)
	for _, value := range enum {
		if text, ok := value.(string); !ok || text == "" {
			t.Errorf("%s has the enum value %v, want a word", path, value)
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for name, property := range properties {
		checkSchema(t, path+"."+name, property.(map[string]any))
	}
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := properties[fmt.Sprint(name)]; !ok {
			t.Errorf("%s requires %v, which it does not have", path, name)
		}
	}
}
