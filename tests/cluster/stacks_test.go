//go:build cluster

package cluster

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestStacks checks that the API server accepts the chart's objects for every stack. The values
// come from the golden files of infra/program.
func TestStacks(t *testing.T) {
	c := newCluster(t)
	c.createEmptyNamespace(c.namespace)
	c.installDaprKinds()
	c.schemas = c.publishedSchemas()
	files, err := filepath.Glob(filepath.Join(c.root, "infra", "program", "testdata", "*.golden.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no stacks: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c.of(t).dryRun(releaseValues(t, file, "./chart"), "")
		})
	}
}

// releaseValues returns the values of a chart's release in a golden file.
func releaseValues(t *testing.T, file, chart string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewDecoder(bytes.NewReader(raw)); ; {
		var resource struct {
			Type   string         `yaml:"type"`
			Inputs map[string]any `yaml:"inputs"`
		}
		if err := d.Decode(&resource); errors.Is(err, io.EOF) {
			t.Fatalf("%s has no release of the chart %s", file, chart)
		} else if err != nil {
			t.Fatal(err)
		}
		if resource.Type != "kubernetes:helm.sh/v3:Release" || resource.Inputs["chart"] != chart {
			continue
		}
		values, err := yaml.Marshal(resource.Inputs["values"])
		if err != nil {
			t.Fatal(err)
		}
		return string(values)
	}
}
