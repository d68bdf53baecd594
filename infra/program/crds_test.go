//go:build clouds

package program

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"sigs.k8s.io/yaml"
)

// schema is the part of a definition's OpenAPI schema that the tests evaluate.
type schema struct {
	Type                 string
	Required             []string
	Properties           map[string]schema
	Items                *schema
	AdditionalProperties *schema
	Enum                 []any
	Pattern              string
	Preserve             bool `json:"x-kubernetes-preserve-unknown-fields"`
	IntOrString          bool `json:"x-kubernetes-int-or-string"`
}

// problems returns the places of a value that the API server would refuse or drop.
func (s schema) problems(path string, value any) []string {
	if s.IntOrString {
		return nil
	}
	var found []string
	switch v := value.(type) {
	case map[string]any:
		if s.Type != "object" {
			return []string{fmt.Sprintf("%s is an object, not %s", path, s.Type)}
		}
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				found = append(found, path+"."+name+" is missing")
			}
		}
		for name, inner := range v {
			at := path + "." + name
			switch property, ok := s.Properties[name]; {
			case ok:
				found = append(found, property.problems(at, inner)...)
			case s.AdditionalProperties != nil:
				found = append(found, s.AdditionalProperties.problems(at, inner)...)
			case !s.Preserve:
				found = append(found, at+" is unknown")
			}
		}
	case []any:
		if s.Type != "array" {
			return []string{fmt.Sprintf("%s is a list, not %s", path, s.Type)}
		}
		for i, inner := range v {
			found = append(found, s.Items.problems(fmt.Sprintf("%s[%d]", path, i), inner)...)
		}
	default:
		number := s.Type == "integer" || s.Type == "number"
		switch v.(type) {
		case string:
			number = s.Type == "string"
		case bool:
			number = s.Type == "boolean"
		}
		if !number && (!s.Preserve || s.Type != "") {
			found = append(found, fmt.Sprintf("%s is %v, not %s", path, v, s.Type))
		}
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
			found = append(found, fmt.Sprintf("%s is %v, not one of %v", path, v, s.Enum))
		}
		if text, ok := v.(string); ok && s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text) {
			found = append(found, fmt.Sprintf("%s is %q, which does not match %s", path, v, s.Pattern))
		}
	}
	return found
}

// definitions returns the schemas in files by version and kind.
func definitions(t *testing.T, patterns ...string) map[string]schema {
	t.Helper()
	schemas := map[string]schema{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no definitions (%v)", pattern, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var definition struct {
				Spec struct {
					Group    string
					Names    struct{ Kind string }
					Versions []struct {
						Name   string
						Schema struct{ OpenAPIV3Schema schema }
					}
				}
			}
			if err := yaml.Unmarshal(content, &definition); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, version := range definition.Spec.Versions {
				schemas[definition.Spec.Group+"/"+version.Name+" "+definition.Spec.Names.Kind] = version.Schema.OpenAPIV3Schema
			}
		}
	}
	return schemas
}

// TestCustomResourcesFitTheirDefinitions checks the custom resources of cert-manager and Dapr that
// the stacks create. The API server drops a field that its definition does not know.
func TestCustomResourcesFitTheirDefinitions(t *testing.T) {
	t.Parallel()
	schemas := definitions(t, "testdata/crds/*.yaml", filepath.Join(daprChart(t), "crds", "*.yaml"))
	s := load(t, "staging")
	delete(s.config, "taskmaster:tlsCertificate")
	delete(s.config, "taskmaster:tlsKey")
	s.setIn(t, "taskmaster:app", "tls", map[string]any{"issuer": "letsencrypt"})
	resources := mustRender(t, s)
	_, rendered := renderChart(t, find(t, resources, release, "app"), "../chart", "taskmaster", "taskmaster")
	objects := []any{plain(resource.NewProperty(find(t, resources, "kubernetes:cert-manager.io/v1:Certificate", "platform-web").inputs))}
	for document := range strings.SplitSeq(rendered["taskmaster/templates/dapr.yaml"], "\n---") {
		var o any
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatal(err)
		}
		if o != nil {
			objects = append(objects, o)
		}
	}
	checked := map[string]int{}
	for _, o := range objects {
		object := o.(map[string]any)
		kind := fmt.Sprintf("%v %v", object["apiVersion"], object["kind"])
		definition, ok := schemas[kind]
		if !ok {
			t.Errorf("%s has no definition", kind)
			continue
		}
		checked[kind]++
		delete(object, "metadata") // every kind has the same
		for _, problem := range definition.problems(kind, object) {
			t.Error(problem)
		}
	}
	if len(checked) < 5 {
		t.Errorf("checked only %v", checked)
	}
}
