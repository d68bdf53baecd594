package dapr

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

type head struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
}

type component struct {
	head `yaml:",inline"`
	Spec struct {
		Type        string
		Version     string
		InitTimeout string `yaml:"initTimeout"`
		Metadata    []property
	}
	Auth struct {
		SecretStore string `yaml:"secretStore"`
	}
	Scopes []string
}

type property struct {
	Name         string
	Value        string
	SecretKeyRef *struct{ Name, Key string } `yaml:"secretKeyRef"`
}

func (c component) value(name string) string {
	for _, p := range c.Spec.Metadata {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

type subscription struct {
	head `yaml:",inline"`
	Spec struct {
		Pubsubname      string
		Topic           string
		Routes          struct{ Default string }
		Metadata        map[string]string
		DeadLetterTopic string `yaml:"deadLetterTopic"`
	}
	Scopes []string
}

type resiliency struct {
	head `yaml:",inline"`
	Spec struct {
		Policies struct {
			Timeouts map[string]string
			Retries  map[string]struct {
				Policy      string
				Duration    time.Duration
				MaxInterval time.Duration `yaml:"maxInterval"`
				MaxRetries  int           `yaml:"maxRetries"`
				Matching    map[string]string
			}
			CircuitBreakers map[string]struct {
				MaxRequests int `yaml:"maxRequests"`
				Timeout     time.Duration
				Trip        string
			} `yaml:"circuitBreakers"`
		}
		Targets struct {
			Apps       map[string]policies
			Components map[string]struct{ Inbound, Outbound policies }
		}
	}
}

type policies struct {
	Timeout        string
	Retry          string
	CircuitBreaker string `yaml:"circuitBreaker"`
}

type configuration struct {
	head `yaml:",inline"`
	Spec struct {
		Features []struct { // tested in runtime/daprd
			Name    string
			Enabled bool
		}
		Tracing struct {
			SamplingRate string `yaml:"samplingRate"`
		}
		Metrics struct {
			Enabled bool
			HTTP    struct {
				IncreasedCardinality bool `yaml:"increasedCardinality"`
			}
		}
		AccessControl  yaml.Node `yaml:"accessControl"`
		NameResolution struct {
			Component, Version string
			Configuration      map[string]string
		} `yaml:"nameResolution"`
	}
}

var registration = regexp.MustCompile(`(topics|secrets|names|states)\.RegisterComponent\([^,]+, "([^"]+)"\)`)

// TestOurDaprdHasTheTypesInUse checks that this project's daprd has exactly the component types in
// use. Each additional type compiles another SDK.
func TestOurDaprdHasTheTypesInUse(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("runtime/daprd/components.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]string{"topics": "pubsub.", "secrets": "secretstores.", "names": "nameresolution.", "states": "state."}
	registered := map[string]bool{}
	for _, match := range registration.FindAllSubmatch(source, -1) {
		registered[kinds[string(match[1])]+string(match[2])] = true
	}
	used := map[string]bool{
		"nameresolution." + read[configuration](t, "local/configuration.yaml").Spec.NameResolution.Component: true,
		read[component](t, "local/secrets.yaml").Spec.Type:                                                   true,
	}
	files, err := filepath.Glob("components/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		used[read[component](t, file).Spec.Type] = true
	}
	state := read[component](t, "state/conversations.yaml").Spec
	used[state.Type+"/"+state.Version] = true
	if !maps.Equal(registered, used) {
		t.Errorf("registered %v, in use %v", slices.Sorted(maps.Keys(registered)), slices.Sorted(maps.Keys(used)))
	}
}

// read decodes a file and fails the test for an unknown field.
func read[T any](t *testing.T, path string) T {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	decoder.KnownFields(true)
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		t.Errorf("%s: has more than one document; sidecars read only the first", path)
	}
	return v
}

func readAll[T any](t *testing.T, pattern string) map[string]T {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
	}
	all := map[string]T{}
	for _, path := range paths {
		all[strings.TrimSuffix(filepath.Base(path), ".yaml")] = read[T](t, path)
	}
	return all
}

func TestEveryFileIsOfAKnownKind(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"Component": "dapr.io/v1alpha1", "Configuration": "dapr.io/v1alpha1", "Resiliency": "dapr.io/v1alpha1",
		"Subscription": "dapr.io/v2alpha1",
	}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" {
			return err
		}
		var h head
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := yaml.Unmarshal(b, &h); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if h.APIVersion == "" || h.APIVersion != want[h.Kind] {
			t.Errorf("%s: is %s %s", path, h.APIVersion, h.Kind)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var secretName = regexp.MustCompile(`(?i)password|token|secret|cert|key$|url|brokers|host$|connectionstring|username|jwt|seed`)

func TestSecretsAreReferences(t *testing.T) {
	t.Parallel()
	// A cluster needs no file: the chart names the operator's own store, kubernetes.
	store := read[component](t, "local/secrets.yaml")
	if store.Metadata.Name != "secrets" || !strings.HasPrefix(store.Spec.Type, "secretstores.") {
		t.Errorf("secret store %q is a %s", store.Metadata.Name, store.Spec.Type)
	}
	paths, err := filepath.Glob("components/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "state/conversations.yaml") {
		c := read[component](t, path)
		references := 0
		for _, p := range c.Spec.Metadata {
			switch {
			case p.SecretKeyRef != nil && (p.Value != "" || p.SecretKeyRef.Name == "" || p.SecretKeyRef.Key == ""):
				t.Errorf("%s: %s is an incomplete reference", path, p.Name)
			case p.SecretKeyRef != nil:
				references++
			case secretName.MatchString(p.Name):
				t.Errorf("%s: %s is a plain value", path, p.Name)
			}
		}
		if references > 0 && c.Auth.SecretStore != "secrets" {
			t.Errorf("%s: refers to secrets in the store %q", path, c.Auth.SecretStore)
		}
	}
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ pubsub, topic, route, deadLetters string }{
		"recurring": {"kafka-pubsub", "task-events", "/events/task-events", "dead-letters"},
		"notifier":  {"kafka-pubsub", "reminders", "/events/reminders", "dead-letters"},
		"live":      {"kafka-pubsub-broadcast", "task-updates", "/events/task-updates", "dead-letters"},
		"api":       {"kafka-pubsub", "dead-letters", "/events/dead-letters", ""},
	}
	subscriptions := readAll[subscription](t, "subscriptions/*.yaml")
	if len(subscriptions) != len(tests) {
		t.Errorf("found %d subscriptions, want %d", len(subscriptions), len(tests))
	}
	for app, want := range tests {
		s, ok := subscriptions[app]
		if !ok {
			t.Errorf("%s has no subscription", app)
			continue
		}
		got := struct{ pubsub, topic, route, deadLetters string }{
			s.Spec.Pubsubname, s.Spec.Topic, s.Spec.Routes.Default, s.Spec.DeadLetterTopic,
		}
		if got != want {
			t.Errorf("%s subscribes to %v, want %v", app, got, want)
		}
		if s.Spec.Metadata["rawPayload"] != "true" {
			t.Errorf("%s: its sidecar would parse events, and block or stop at an invalid one", app)
		}
		if !slices.Equal(s.Scopes, []string{app}) || s.Metadata.Name != app {
			t.Errorf("%s: named %q with scopes %v", app, s.Metadata.Name, s.Scopes)
		}
		for _, broker := range brokerFolders(t) {
			c := read[component](t, filepath.Join("components", broker, s.Spec.Pubsubname+".yaml"))
			if !slices.Contains(c.Scopes, app) {
				t.Errorf("%s subscribes to %s, which is not in its scope on %s", app, s.Spec.Pubsubname, broker)
			}
		}
	}
}

func TestResiliencyLosesNothing(t *testing.T) {
	t.Parallel()
	r := read[resiliency](t, "resiliency/taskmaster.yaml")
	p := r.Spec.Policies

	known := func(where string, names policies) {
		if _, ok := p.Timeouts[names.Timeout]; !ok {
			t.Errorf("%s: unknown timeout %q", where, names.Timeout)
		}
		if _, ok := p.Retries[names.Retry]; !ok {
			t.Errorf("%s: unknown retry %q", where, names.Retry)
		}
		if _, ok := p.CircuitBreakers[names.CircuitBreaker]; !ok && names.CircuitBreaker != "" {
			t.Errorf("%s: unknown circuit breaker %q", where, names.CircuitBreaker)
		}
	}
	known("api", r.Spec.Targets.Apps["api"])
	known("publishing", r.Spec.Targets.Components["kafka-pubsub"].Outbound)
	for name := range readAll[component](t, "components/nats/*.yaml") {
		inbound := r.Spec.Targets.Components[name].Inbound
		known(name, inbound)
		if inbound.CircuitBreaker != "" {
			t.Errorf("%s: an open circuit breaker would turn all arriving events into dead letters", name)
		}
		retry := p.Retries[inbound.Retry]
		if retry.Policy != "constant" {
			t.Errorf("%s: retries are %s, which end after 15 minutes", name, retry.Policy)
		}
		if lasts := retry.Duration * time.Duration(retry.MaxRetries); lasts < 12*time.Hour {
			t.Errorf("%s: gives up on an event after %v", name, lasts)
		}
	}
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	shared := read[configuration](t, "configuration/taskmaster.yaml")
	local := read[configuration](t, "local/configuration.yaml")
	if shared.Metadata.Name != local.Metadata.Name {
		t.Errorf("the shared configuration is %q, the local one changes %q", shared.Metadata.Name, local.Metadata.Name)
	}
	// Any value except 0 deletes registrations that are in use (dapr/dapr#8507): every sidecar
	// would stop after that time.
	if resolution := local.Spec.NameResolution; resolution.Component != "sqlite" || resolution.Configuration["cleanupInterval"] != "0s" {
		t.Errorf("the name resolution is %s with cleanupInterval %q, want sqlite with 0s", resolution.Component, resolution.Configuration["cleanupInterval"])
	}
	var access struct {
		DefaultAction string `yaml:"defaultAction"`
		TrustDomain   string `yaml:"trustDomain"`
		Policies      []struct {
			AppID         string `yaml:"appId"`
			TrustDomain   string `yaml:"trustDomain"`
			Namespace     string
			DefaultAction string `yaml:"defaultAction"`
			Operations    []struct {
				Name, Action string
				HTTPVerb     []string `yaml:"httpVerb"`
			}
		}
	}
	if err := shared.Spec.AccessControl.Decode(&access); err != nil || access.DefaultAction != "deny" {
		t.Errorf("by default calls between apps get %q (%v), want deny", access.DefaultAction, err)
	}
	var allowed []string
	for _, caller := range access.Policies {
		if caller.DefaultAction != "deny" {
			t.Errorf("by default calls of %s get %q, want deny", caller.AppID, caller.DefaultAction)
		}
		for _, o := range caller.Operations {
			allowed = append(allowed, fmt.Sprint(caller.AppID, " ", o.HTTPVerb, " ", o.Name, " ", o.Action))
		}
	}
	if want := []string{"recurring [POST] /internal/** allow", "api [POST] /internal/deliveries allow"}; !slices.Equal(allowed, want) {
		t.Errorf("calls: got %q, want %q", allowed, want)
	}
	for _, path := range []string{"configuration/taskmaster.yaml", "local/configuration.yaml"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Sidecars on one machine expand $NAME from the environment. Sidecars in a cluster do not.
		if bytes.Contains(b, []byte("$")) {
			t.Errorf("%s contains a $", path)
		}
	}
}
