package openapi

// downgrade changes a document from OpenAPI 3.1 to 3.0. It knows the parts of 3.1 that the document
// uses. TestForm30IsOpenAPI30 fails if another one is left.
func downgrade(doc map[string]any) {
	doc["openapi"] = "3.0.3"
	delete(doc, "jsonSchemaDialect")
	delete(doc["info"].(map[string]any), "summary")
	downgradeValue(doc)
}

// downgradeValue changes an object or a list, and everything in it. Examples stay as they are.
func downgradeValue(v any) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			downgradeValue(element)
		}
	case map[string]any:
		downgradeObject(v)
		for name, member := range v {
			if name != "example" && name != "examples" && name != "default" {
				downgradeValue(member)
			}
		}
	}
}

// downgradeObject changes one object of the document by the names of its members. Each of these
// names has only one meaning in the document.
func downgradeObject(o map[string]any) {
	if types, ok := o["type"].([]any); ok {
		// {"type": ["string", "null"]} is {"type": "string", "nullable": true}.
		o["type"] = types[0]
		o["nullable"] = true
	}
	if options, ok := o["anyOf"].([]any); ok && len(options) == 2 && isNull(options[1]) {
		// {"anyOf": [X, {"type": "null"}]} is {"allOf": [X], "nullable": true}.
		delete(o, "anyOf")
		o["allOf"] = options[:1]
		o["nullable"] = true
	}
	if value, ok := o["const"]; ok {
		delete(o, "const")
		o["enum"] = []any{value}
		switch value.(type) {
		case string:
			o["type"] = "string"
		case float64:
			o["type"] = "integer"
		}
	}
	if encoding, ok := o["contentEncoding"]; ok {
		delete(o, "contentEncoding")
		o["format"] = encoding // binary
	}
	if _, ok := o["$ref"].(string); ok {
		// 3.0 ignores everything beside a reference.
		for name := range o {
			if name != "$ref" {
				delete(o, name)
			}
		}
	}
	if requirements, ok := o["security"].([]any); ok {
		// In 3.0 only OAuth has scopes.
		for _, requirement := range requirements {
			for scheme := range requirement.(map[string]any) {
				requirement.(map[string]any)[scheme] = []any{}
			}
		}
	}
}

func isNull(schema any) bool {
	s, ok := schema.(map[string]any)
	return ok && s["type"] == "null" && len(s) == 1
}
