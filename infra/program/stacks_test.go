//go:build clouds

package program

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"gopkg.in/yaml.v3"

	"taskmaster/infra/config"
	"taskmaster/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const kubeconfigOfTests = "apiVersion: v1\nkind: Config\nclusters: [{name: kubeconfig-of-tests}]\n"

// stack is a file of stacks/ with the additions of its owner.
type stack struct {
	name   string
	config map[string]string
	secret map[string]bool
}

func stackNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../stacks/Pulumi.*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stacks: %v", err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"))
	}
	return names
}

// stackFile returns the configuration in a file.
func stackFile(t *testing.T, name string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../stacks", "Pulumi."+name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	if err := decoder.Decode(&file); err != nil {
		t.Fatalf("stack %s: %v", name, err)
	}
	return file.Config
}

// load returns a stack with the secrets and images that its owner must set.
func load(t *testing.T, name string) stack {
	t.Helper()
	s := stack{name: name, config: map[string]string{}, secret: map[string]bool{}}
	for key, value := range stackFile(t, name) {
		if in, ok := value.(map[string]any); ok && in["secure"] != nil {
			continue // only its owner knows the value
		}
		s.set(t, key, value)
	}
	s.setSecret("databaseURL", "postgres://taskmaster:password-of-database@db.example.com/taskmaster?sslmode=verify-full")
	s.setSecret("appToken", "app-token-of-tests-app-token-of-tests")
	s.setSecret("brokerPassword", "password-of-broker")
	if kind := s.section(t, "taskmaster:broker")["kind"]; kind == config.RedpandaCloud || kind == config.Kafka {
		s.setSecret("brokerUsername", "username-of-broker")
	}
	if strings.HasPrefix(fmt.Sprint(s.section(t, "taskmaster:app")["publicURL"]), "https:") {
		s.setSecret("tlsCertificate", "certificate-of-web")
		s.setSecret("tlsKey", "key-of-web")
	}
	images := map[string]string{}
	for _, service := range config.Services() {
		images[service] = fmt.Sprintf("registry.example.com/taskmaster/%s@sha256:%s", service, strings.Repeat("a", 64))
	}
	if _, ok := s.config["taskmaster:images"]; !ok {
		s.set(t, "taskmaster:images", images)
	}
	return s
}

func (s stack) set(t *testing.T, key string, value any) {
	t.Helper()
	if section := value; !isScalar(section) {
		b, err := json.Marshal(section)
		if err != nil {
			t.Fatal(err)
		}
		s.config[key] = string(b)
		return
	}
	s.config[key] = fmt.Sprint(value)
}

func isScalar(value any) bool {
	switch value.(type) {
	case string, bool, int, float64:
		return true
	}
	return false
}

func (s stack) setSecret(key, value string) {
	s.config["taskmaster:"+key], s.secret["taskmaster:"+key] = value, true
}

// setIn sets a field of a section.
func (s stack) setIn(t *testing.T, key, field string, value any) {
	t.Helper()
	section := s.section(t, key)
	section[field] = value
	s.set(t, key, section)
}

// section returns a section of the configuration.
func (s stack) section(t *testing.T, key string) map[string]any {
	t.Helper()
	var section map[string]any
	if err := json.Unmarshal([]byte(s.config[key]), &section); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return section
}

// render runs the program for a stack and returns the registered resources.
func (s stack) render(t *testing.T) (*recorder, error) {
	t.Helper()
	r := &recorder{}
	return r, s.run(r, New(machine))
}

// machine has a kubeconfig. Its only configuration is Pulumi's.
var machine = config.Machine{
	Getenv:   func(string) string { return "" },
	ReadFile: func(string) ([]byte, error) { return []byte(kubeconfigOfTests), nil },
}

func (s stack) run(r *recorder, program pulumi.RunFunc) error {
	return pulumi.RunErr(program, pulumi.WithMocks("taskmaster", s.name, r), func(info *pulumi.RunInfo) {
		info.Config = s.config
		info.ConfigSecretKeys = slices.Collect(maps.Keys(s.secret))
	})
}

// mustRender renders a valid stack and returns its resources sorted.
func mustRender(t *testing.T, s stack) []recorded {
	t.Helper()
	r, err := s.render(t)
	if err != nil {
		t.Fatalf("stack %s: %v", s.name, err)
	}
	if err := r.err(); err != nil {
		t.Fatalf("stack %s: %v", s.name, err)
	}
	slices.SortFunc(r.resources, func(a, b recorded) int {
		return strings.Compare(a.kind+" "+a.name, b.kind+" "+b.name)
	})
	return r.resources
}

// TestStacksMatchGoldenFiles compares every stack's resources and their inputs with the golden
// files. go test ./infra/program -tags clouds -update rewrites them. Review the difference before you commit it.
func TestStacksMatchGoldenFiles(t *testing.T) {
	t.Parallel()
	for _, name := range stackNames(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := golden(t, mustRender(t, load(t, name)))
			if !testkit.Golden(t, *update, filepath.Join("testdata", name+".golden.yaml"), string(got)) {
				t.Error("a renamed resource is a new and empty one, unless pulumi.Aliases has the old name")
			}
		})
	}
}

// golden formats resources, one YAML document each.
func golden(t *testing.T, resources []recorded) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	for _, r := range resources {
		document := struct {
			Type    string
			Name    string
			Read    bool `yaml:",omitempty"`
			Protect bool `yaml:",omitempty"`
			Inputs  any  `yaml:",omitempty"`
		}{Type: r.kind, Name: r.name, Read: r.read, Protect: r.protect}
		if len(r.inputs) > 0 {
			document.Inputs = plain(resource.NewProperty(r.inputs))
		}
		if err := encoder.Encode(document); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// plain returns a value as Go types. It replaces secrets but keeps their names.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret() && open(v).IsObject():
		out := map[string]any{}
		for key := range open(v).ObjectValue() {
			out[string(key)] = "[secret]"
		}
		return out
	case v.IsSecret():
		return "[secret]"
	case v.IsObject():
		out := map[string]any{}
		for key, inner := range v.ObjectValue() {
			out[string(key)] = plain(inner)
		}
		return out
	case v.IsArray():
		var out []any
		for _, inner := range v.ArrayValue() {
			out = append(out, plain(inner))
		}
		return out
	case v.IsNumber() && v.NumberValue() == float64(int64(v.NumberValue())):
		return int64(v.NumberValue())
	}
	return v.V
}
