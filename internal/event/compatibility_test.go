package event_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"taskmaster/internal/event"
)

// TestTodayReadsWhatWasPublished shows that today's types read every event ever published, with all
// its fields. A field that was removed, renamed or given another type shows as a difference.
func TestTodayReadsWhatWasPublished(t *testing.T) {
	t.Parallel()
	names := onDisk(t, "testdata/*/*.json")
	if want := firstTypes * len(versions(t)); len(names) < want {
		t.Fatalf("testdata has %d events of %v, want %d or more", len(names), versions(t), want)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			e, err := event.Decode(raw)
			if err != nil {
				t.Fatal(err)
			}
			if lost := missing("", decodeAny(t, raw), decodeAny(t, encode(t, e))); len(lost) > 0 {
				t.Errorf("decoding loses or changes %s", strings.Join(lost, ", "))
			}
		})
	}
}

// missing returns the paths of the values in was that are absent from is or differ.
func missing(path string, was, is any) []string {
	switch was := was.(type) {
	case map[string]any:
		now, ok := is.(map[string]any)
		if !ok {
			return []string{path}
		}
		var lost []string
		for name, v := range was {
			lost = append(lost, missing(path+"."+name, v, now[name])...)
		}
		return lost
	default:
		if !reflect.DeepEqual(was, is) {
			return []string{path}
		}
		return nil
	}
}

// TestEarlierReadersReadToday shows that today's events fit the schemas of all earlier readers. No
// field in those schemas has been removed.
func TestEarlierReadersReadToday(t *testing.T) {
	t.Parallel()
	for _, dir := range append(onDisk(t, "testdata/*/schema"), "schema/v1") {
		reader := newReader(t, dir)
		seen := map[string]bool{}
		for eventType, e := range examples(t) {
			raw := encode(t, e)
			if err := reader.read(eventType, raw); err != nil {
				t.Errorf("%s: %v", dir, err)
			}
			record(seen, decodeAny(t, raw))
		}
		for _, field := range reader.fields(t) {
			if !seen[field] {
				t.Errorf("%s: the schema has the field %s, but no event has it", dir, field)
			}
		}
	}
}

// TestBreakingChangesAreSeen shows that the schemas detect every change that breaks a reader.
func TestBreakingChangesAreSeen(t *testing.T) {
	t.Parallel()
	reader := newReader(t, "testdata/v1/schema")
	updated := string(encode(t, examples(t)[event.TaskUpdated]))
	tests := []struct {
		name, from, to string
		breaks         bool
	}{
		{"nothing", "", "", false},
		{"a new field", `"task_data": {`, `"task_data": {"colour": 1,`, false},
		{"a new attribute", `"specversion"`, `"colour": 1, "specversion"`, false},
		{"a field gone", `"title"`, `"headline"`, true},
		{"a nullable field gone", `"completed_at"`, `"done_at"`, true},
		{"a number as text", `"revision": 43`, `"revision": "43"`, true},
		{"an instant as a number", `"timestamp": "2026-03-01T08:00:00Z"`, `"timestamp": 1772352000`, true},
		{"a list as text", `"tags": [`, `"tags": "home", "was": [`, true},
		{"an object as text", `"recurrence": {`, `"recurrence": "monthly", "was": {`, true},
		{"an unknown value", `"priority": "high"`, `"priority": "urgent"`, true},
		{"null where there was none", `"description": "To the new account"`, `"description": null`, true},
		{"a promised field is gone", `"previous"`, `"before"`, true},
		{"an attribute gone", `"subject"`, `"about"`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(updated, tt.from) {
				t.Fatalf("the example has no %s", tt.from)
			}
			err := reader.read(event.TaskUpdated, []byte(strings.Replace(updated, tt.from, tt.to, 1)))
			if (err != nil) != tt.breaks {
				t.Errorf("got %v, want an error: %v", err, tt.breaks)
			}
		})
	}
}

// reader is a consumer that knows only the schemas of a directory.
type reader struct {
	dir     string
	schemas map[string]*jsonschema.Schema
}

func newReader(t *testing.T, dir string) reader {
	t.Helper()
	r := reader{dir: dir, schemas: map[string]*jsonschema.Schema{}}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	url := func(file string) string { return "file:///" + dir + "/" + file }
	var types []string
	for _, name := range onDisk(t, dir+"/*.json") {
		if eventType := strings.TrimSuffix(filepath.Base(name), ".json"); eventType != "event" {
			types = append(types, eventType)
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource(url(filepath.Base(name)), decodeAny(t, raw)); err != nil {
			t.Fatal(err)
		}
	}
	if len(types) < firstTypes {
		t.Fatalf("%s knows only %v", dir, types)
	}
	for _, eventType := range types {
		schema, err := compiler.Compile(url(eventType + ".json"))
		if err != nil {
			t.Fatal(err)
		}
		r.schemas[eventType] = schema
	}
	return r
}

// read validates an event. It accepts events of unknown types.
func (r reader) read(eventType string, raw []byte) error {
	schema, ok := r.schemas[eventType]
	if !ok {
		return nil
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// fields returns the names of all fields in the schemas.
func (r reader) fields(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(r.dir + "/event.json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var walk func(v any)
	walk = func(v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		if properties, ok := m["properties"].(map[string]any); ok {
			for name := range properties {
				names = append(names, name)
			}
		}
		for _, child := range m {
			walk(child)
		}
	}
	walk(decodeAny(t, raw))
	if len(names) < 30 {
		t.Fatalf("%s names only %v", r.dir, names)
	}
	return names
}

// record adds the names of all fields in v to seen.
func record(seen map[string]bool, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			seen[name] = true
			record(seen, child)
		}
	case []any:
		for _, child := range v {
			record(seen, child)
		}
	}
}

func decodeAny(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
