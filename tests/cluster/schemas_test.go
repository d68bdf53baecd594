//go:build cluster

package cluster

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// kubeconform validates manifests against JSON schemas (https://github.com/yannh/kubeconform).
const kubeconform = "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0"

// schema is a JSON schema, or a part of one.
type schema = map[string]any

// conform validates manifests against the API server's published schemas, including Dapr's kinds. A
// kind without a schema is an error, and so is a field that a schema does not define.
func (c *cluster) conform(manifests string) {
	c.t.Helper()
	c.run(manifests, "go", "run", kubeconform, "-strict", "-summary",
		"-schema-location", filepath.Join(c.schemas, "{{.ResourceKind}}{{.KindSuffix}}.json"), "-")
}

// publishedSchemas writes the schemas of the API server (/openapi/v2) in kubeconform's format, one
// file per kind. It returns the folder.
func (c *cluster) publishedSchemas() string {
	c.t.Helper()
	var published struct {
		Definitions map[string]schema `json:"definitions"`
	}
	if err := json.Unmarshal([]byte(c.run("", "kubectl", "get", "--raw", "/openapi/v2")), &published); err != nil {
		c.t.Fatalf("read the API server's schemas: %v", err)
	}
	dir := c.t.TempDir()
	for name, definition := range published.Definitions {
		switch {
		case strings.HasSuffix(name, ".util.intstr.IntOrString"), strings.HasSuffix(name, ".api.resource.Quantity"):
			definition["type"] = []string{"string", "number"} // OpenAPI 2 cannot express it
		default:
			closed(definition)
		}
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		for _, kind := range kinds {
			c.write(filepath.Join(dir, schemaFile(kind.(schema))), schema{"$ref": "definitions.json#/definitions/" + name})
		}
	}
	c.write(filepath.Join(dir, "definitions.json"), schema{"definitions": published.Definitions})
	return dir
}

// closed makes a schema reject unknown properties.
func closed(s schema) {
	properties, _ := s["properties"].(schema)
	if _, open := s["additionalProperties"]; properties != nil && !open && s["x-kubernetes-preserve-unknown-fields"] != true {
		s["additionalProperties"] = false
	}
	for _, property := range properties {
		closed(property.(schema))
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, ok := s[key].(schema); ok {
			closed(inner)
		}
	}
}

// schemaFile returns kubeconform's file name of a kind: the kind, the first part of its group if
// there is one, and its version.
func schemaFile(kind schema) string {
	parts := []string{kind["kind"].(string)}
	if group, _, _ := strings.Cut(kind["group"].(string), "."); group != "" {
		parts = append(parts, group)
	}
	return strings.ToLower(strings.Join(append(parts, kind["version"].(string)), "-")) + ".json"
}

func (c *cluster) write(file string, s schema) {
	c.t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		c.t.Fatal(err)
	}
}
