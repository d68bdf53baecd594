// Package schema holds the AsyncAPI document and the JSON Schemas of the events. They are generated
// from the Go types in internal/event.
package schema

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"
)

//go:embed asyncapi.json v1
var files embed.FS

// AsyncAPI returns the AsyncAPI document of the events in one file. asyncapi.json refers to the
// schemas in v1. Here they are in components/schemas.
var AsyncAPI = sync.OnceValues(func() ([]byte, error) {
	doc, err := read("asyncapi.json")
	if err != nil {
		return nil, err
	}
	entries, err := files.ReadDir("v1")
	if err != nil {
		return nil, fmt.Errorf("list the schemas: %w", err)
	}
	schemas := map[string]any{}
	for _, entry := range entries {
		schema, err := read("v1/" + entry.Name())
		if err != nil {
			return nil, err
		}
		definitions, _ := schema["$defs"].(map[string]any)
		for name, definition := range definitions {
			schemas[name] = definition
		}
		for _, name := range []string{"$id", "$schema", "$defs"} {
			delete(schema, name)
		}
		schemas[strings.TrimSuffix(entry.Name(), ".json")] = schema
	}
	doc["components"].(map[string]any)["schemas"] = schemas
	moveReferences(doc)
	return json.MarshalIndent(doc, "", "  ")
})

func read(name string) (map[string]any, error) {
	raw, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	return doc, nil
}

// moveReferences lets references to files and to their definitions refer to components/schemas.
func moveReferences(v any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			moveReferences(element)
		}
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			if name, ok := strings.CutPrefix(ref, "#/$defs/"); ok {
				v["$ref"] = "#/components/schemas/" + name
			} else if strings.HasSuffix(ref, ".json") {
				v["$ref"] = "#/components/schemas/" + strings.TrimSuffix(path.Base(ref), ".json")
			}
		}
		for _, member := range v {
			moveReferences(member)
		}
	}
}
