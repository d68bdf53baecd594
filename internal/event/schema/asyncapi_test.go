package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"taskmaster/internal/event/schema"
)

// TestOneFile shows that the document refers to nothing outside it, and that the example of each
// message fits the schema of its payload.
func TestOneFile(t *testing.T) {
	t.Parallel()
	raw, err := schema.AsyncAPI()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Components struct {
			Messages map[string]struct {
				Examples []struct{ Payload json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal(raw, &parsed); err != nil {
		t.Fatal(err)
	}
	const url = "file:///asyncapi.json"
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(url, doc); err != nil {
		t.Fatal(err)
	}
	if got := len(parsed.Components.Messages); got != 6 {
		t.Errorf("got %d messages, want 6", got)
	}
	for name, message := range parsed.Components.Messages {
		payload, err := compiler.Compile(url + "#/components/messages/" + name + "/payload/schema")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, example := range message.Examples {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(example.Payload)))
			if err != nil {
				t.Fatal(err)
			}
			if err := payload.Validate(value); err != nil {
				t.Errorf("%s: the example does not fit: %v", name, err)
			}
			value.(map[string]any)["type"] = "another"
			if payload.Validate(value) == nil {
				t.Errorf("%s: an event of another type fits, want the schema of this type", name)
			}
		}
	}
}
