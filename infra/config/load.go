package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Source provides the configuration: a Pulumi context, or a test.
type Source interface {
	// GetConfig returns the value of project:key.
	GetConfig(key string) (string, bool)
	// IsConfigSecret reports whether the value is stored encrypted.
	IsConfigSecret(key string) bool
}

// Machine provides the environment and the files to find the kubeconfig of an existing cluster.
type Machine struct {
	Getenv   func(string) string
	ReadFile func(string) ([]byte, error)
}

// loader reads a project's configuration and collects its problems.
type loader struct {
	source   Source
	project  string
	asked    map[string]bool // by key
	problems []error
}

// Load reads a stack's configuration and checks it. The error names all problems and their
// remedies.
func Load(source Source, project string, machine Machine) (*Config, error) {
	l := &loader{source: source, project: project, asked: map[string]bool{}}
	c := defaults()
	l.scalars(c)
	l.object("dapr", &c.Dapr)
	l.object("broker", &c.Broker)
	l.object("database", &c.Database)
	l.object("certManager", &c.CertManager)
	l.topics(c)
	l.object("app", &c.App)
	l.object("images", &c.Images)
	l.object("release", &c.Release)
	l.clouds(c)
	l.secrets(&c.Secrets)
	l.kubeconfig(c, machine)
	l.unknown(machine.Getenv(pulumi.EnvConfig))
	c.settle()
	l.problems = append(l.problems, check(c)...)
	if len(l.problems) > 0 {
		return nil, fmt.Errorf("the stack's configuration is invalid:\n%w", errors.Join(l.problems...))
	}
	return c, nil
}

func (l *loader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Errorf(format, args...))
}

func (l *loader) get(key string) (string, bool) {
	l.asked[key] = true
	return l.source.GetConfig(l.project + ":" + key)
}

func (l *loader) scalars(c *Config) {
	c.Environment, _ = l.get("environment")
	c.Cloud, _ = l.get("cloud")
	c.Charts, _ = l.get("charts")
	for key, flag := range map[string]*bool{"protect": &c.Protect, "allowUntested": &c.AllowUntested} {
		value, ok := l.get(key)
		if !ok {
			continue
		}
		var err error
		if *flag, err = strconv.ParseBool(value); err != nil {
			l.problem("%s: %q is not true or false", key, value)
		}
	}
}

// object reads a section over its defaults. Unknown fields are errors, because a misspelled field
// would have no effect.
func (l *loader) object(key string, section any) {
	value, ok := l.get(key)
	if !ok {
		return
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(value)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(section); err != nil {
		l.problem("%s: %s", key, reason(err))
	}
}

// reason describes a decoding error without Go's type names.
func reason(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s cannot be a %s", e.Field, e.Value)
	}
	return string(bytes.TrimPrefix([]byte(err.Error()), []byte("json: ")))
}

// topics reads the section of the topics. Only Kafka has topics with partitions and copies.
func (l *loader) topics(c *Config) {
	if _, ok := l.get("topics"); ok && !c.Broker.speaksKafka() {
		l.problem("topics: has no effect on a %s broker: remove it", c.Broker.Kind)
	}
	l.object("topics", &c.Topics)
}

// clouds reads the section of the chosen cloud. Sections of other clouds are errors, because they
// would have no effect.
func (l *loader) clouds(c *Config) {
	sections := map[string]func() any{
		"existing": func() any { c.Existing = &Existing{}; return c.Existing },
		"oke":      func() any { c.OKE = defaultOKE(); return c.OKE },
		"aks":      func() any { c.AKS = defaultAKS(); return c.AKS },
		"gke":      func() any { c.GKE = defaultGKE(); return c.GKE },
	}
	for _, name := range []string{"existing", "oke", "aks", "gke"} {
		if name == c.Cloud {
			l.object(name, sections[name]())
		} else if _, ok := l.get(name); ok {
			l.problem("%s: has no effect, because cloud is %q: remove it, or set cloud to %s", name, c.Cloud, name)
		}
	}
}

func (l *loader) secrets(s *Secrets) {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("secret")
		value, ok := l.get(key)
		if !ok {
			continue
		}
		if !l.source.IsConfigSecret(l.project + ":" + key) {
			l.problem("%s: is stored in the clear: pulumi config set --secret %s, and replace the exposed value", key, key)
		}
		v.Field(i).Set(reflect.ValueOf(Secret{value}))
	}
}

// kubeconfig reads the kubeconfig file of an existing cluster, unless the secret kubeconfig is set.
func (l *loader) kubeconfig(c *Config, machine Machine) {
	if c.Existing == nil || c.Secrets.Kubeconfig.IsSet() {
		return
	}
	file := c.Existing.KubeconfigFile
	if file == "" {
		file = machine.Getenv("KUBECONFIG")
	}
	if file == "" {
		file = filepath.Join(machine.Getenv("HOME"), ".kube", "config")
	}
	content, err := machine.ReadFile(file)
	if err != nil {
		l.problem("existing: %v: set existing.kubeconfigFile or KUBECONFIG, or pulumi config set --secret kubeconfig < FILE", err)
		return
	}
	c.Secrets.Kubeconfig = Secret{string(content)}
}

// settle sets the values that are derived from others.
func (c *Config) settle() {
	if c.Topics.Managed == nil {
		managed := c.Broker.InCluster() || c.Broker.Kind == RedpandaCloud
		c.Topics.Managed = &managed
	}
	if c.CertManager == nil {
		operator := c.Broker.Kind == Redpanda || (c.Broker.Kind == RedpandaCloud && *c.Topics.Managed)
		install := operator || c.App.TLS.Issuer != ""
		c.CertManager = &install
	}
	if c.Broker.TLS == nil {
		c.Broker.TLS = new(c.Broker.Kind != KafkaPlaintext)
	}
	if c.Topics.Replication == 0 {
		c.Topics.Replication = 3
		if c.Broker.InCluster() {
			c.Topics.Replication = min(3, c.Broker.Replicas)
		}
	}
	if c.App.Assistant == nil { // a release from before the assistant has no image of it
		_, released := c.Images["assistant"]
		c.App.Assistant = &released
	}
	replicas := map[string]int{}
	for _, service := range Services() {
		replicas[service] = 1
	}
	for service, n := range c.App.Replicas {
		replicas[service] = n
	}
	c.App.Replicas = replicas
	if c.App.Autoscaling {
		c.App.MaxReplicas = maxReplicas(replicas, c.App.MaxReplicas)
	}
}

// maxReplicas completes the maxima of autoscaling. A service with database connections gets more pods
// only if the stack sets a number, because each pod takes connections from the others.
func maxReplicas(replicas, set map[string]int) map[string]int {
	all := map[string]int{}
	for service, n := range replicas {
		all[service] = n
		if service == "recurring" || service == "web" {
			all[service] = max(n, 6)
		}
	}
	maps.Copy(all, set)
	return all
}
