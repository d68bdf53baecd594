package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"taskmaster/internal/event"
)

// schema is the part of a JSON Schema that the document shows.
type schema struct {
	Ref         string             `json:"$ref"`
	Description string             `json:"description"`
	Type        any                `json:"type"`
	Format      string             `json:"format"`
	Enum        []string           `json:"enum"`
	Const       string             `json:"const"`
	AnyOf       []schema           `json:"anyOf"`
	Items       *schema            `json:"items"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	Defs        map[string]*schema `json:"$defs"`
}

// TestEventsAreListed fails when the schemas have another topic, type or field than events.md.
func TestEventsAreListed(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	b.WriteString("\n## Topics and types\n\n| topic | type | meaning |\n|---|---|---|\n")
	types := []string{event.TaskCreated, event.TaskUpdated, event.TaskCompleted, event.TaskDeleted, event.ReminderDue, event.TaskChanged}
	for _, name := range types {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", event.Topic(name), name, readSchema(t, name).Description)
	}
	envelope := readSchema(t, "event")
	b.WriteString("\n## Fields\n")
	table := func(title string, s *schema, names []string) {
		fmt.Fprintf(&b, "\n### %s\n\n| field | type | always | meaning |\n|---|---|---|---|\n", title)
		for _, name := range names {
			property := s.Properties[name]
			always := ""
			if slices.Contains(s.Required, name) {
				always = "yes"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, typeName(*property), always, describe(goName(property.Description), property.Description))
		}
	}
	table("The envelope", &envelope, propertyOrder(t, "event"))
	for _, name := range slices.Sorted(maps.Keys(envelope.Defs)) {
		table(name, envelope.Defs[name], propertyOrder(t, "event", "$defs", name))
	}
	b.WriteString("\n")
	checkGenerated(t, "events.md", b.Bytes(), "")
}

func readSchema(t *testing.T, name string) schema {
	t.Helper()
	var s schema
	if err := json.Unmarshal(schemaFile(t, name), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func schemaFile(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../internal/event/schema/v1/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// propertyOrder returns the names of the properties of a schema in the order of the file. The path
// leads to the schema.
func propertyOrder(t *testing.T, name string, path ...string) []string {
	t.Helper()
	raw := json.RawMessage(schemaFile(t, name))
	for _, key := range append(path, "properties") {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(raw, &object); err != nil {
			t.Fatal(err)
		}
		raw = object[key]
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil { // {
		t.Fatalf("read the properties of %s: %v", strings.Join(path, "/"), err)
	}
	var names []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, fmt.Sprint(key))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// goName returns the name of the Go field with which a description begins.
func goName(description string) string {
	name, _, _ := strings.Cut(description, " ")
	return name
}

// typeName returns the type of a property in words.
func typeName(s schema) string {
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		return "[" + name + "](#" + strings.ToLower(name) + ")"
	case len(s.AnyOf) > 0:
		var names []string
		for _, one := range s.AnyOf {
			names = append(names, typeName(one))
		}
		return strings.Join(names, " or ")
	case len(s.Enum) > 0:
		return "`" + strings.Join(s.Enum, "`, `") + "`"
	case s.Const != "":
		return "`" + s.Const + "`"
	case s.Items != nil:
		return "list of " + typeName(*s.Items)
	case s.Format != "":
		return s.Format
	case s.Type != nil:
		return fmt.Sprint(s.Type)
	}
	return "any"
}
