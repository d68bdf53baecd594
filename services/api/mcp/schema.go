package mcp

import (
	"reflect"
	"strings"
	"time"
)

// schema is a JSON Schema.
type schema = map[string]any

// inputSchema returns the schema of a tool's arguments. It has no key words and no lists of types that
// some client refuses. Properties are described by the tag doc. The words of the tag enum are the
// possible values. A property without omitempty is required.
func inputSchema(t reflect.Type) schema {
	s := schemaOf(t)
	s["additionalProperties"] = false
	return s
}

// outputSchema returns the schema of a tool's result. It permits further properties: a client may hold
// the schema of an older version.
func outputSchema(t reflect.Type) schema { return schemaOf(t) }

func schemaOf(t reflect.Type) schema {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return schema{"type": "string"}
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem())
	}
	switch t.Kind() {
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Slice:
		return schema{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Struct:
		return objectSchema(t)
	default:
		panic("no schema for " + t.String())
	}
}

func objectSchema(t reflect.Type) schema {
	properties, required := schema{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		property := schemaOf(f.Type)
		if doc := f.Tag.Get("doc"); doc != "" {
			property["description"] = doc
		}
		if enum := f.Tag.Get("enum"); enum != "" {
			values := property
			if items, ok := property["items"].(schema); ok {
				values = items
			}
			values["enum"] = strings.Fields(enum)
		}
		properties[name] = property
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	s := schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}
