package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// component is a pub/sub component as its file says, as far as it matters for telling what is wrong with it.
type component struct {
	file string
	Kind string

	Metadata struct{ Name string }
	Scopes   []string
	Spec     struct {
		Type     string
		Metadata []componentField
	}
}

type componentField struct {
	Name         string
	Value        any
	SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
}

// of says whether the app's sidecar loads the component.
func (c component) of(app string) bool { return len(c.Scopes) == 0 || slices.Contains(c.Scopes, app) }

// fault is something wrong with a component. It is the same fault for every sidecar.
type fault struct{ component, file, reason string }

func (f *fault) Error() string {
	if f.component == "" {
		return fmt.Sprintf("component file %s: %s", f.file, f.reason)
	}
	return fmt.Sprintf("component %s (%s): %s", f.component, f.file, f.reason)
}

// components reads the components that sidecars get. Its error is a fault in one of the files: a sidecar would start without
// that component, and be deaf.
func (p plan) components() ([]component, error) {
	var all []component
	entries, err := os.ReadDir(p.cfg.components)
	if err != nil {
		return nil, &fault{file: p.shortPath(p.cfg.components), reason: err.Error()}
	}
	for _, entry := range entries {
		if ext := filepath.Ext(entry.Name()); ext != ".yaml" && ext != ".yml" {
			continue
		}
		file := filepath.Join(p.cfg.components, entry.Name())
		f, err := os.Open(file)
		if err != nil {
			return nil, &fault{file: p.shortPath(file), reason: err.Error()}
		}
		found, err := decodeComponents(f, p.shortPath(file))
		_ = f.Close() // it was only read
		if err != nil {
			return nil, &fault{file: p.shortPath(file), reason: err.Error()}
		}
		all = append(all, found...)
	}
	return all, nil
}

func decodeComponents(r io.Reader, file string) ([]component, error) {
	var all []component
	for decoder := yaml.NewDecoder(r); ; {
		c := component{file: file}
		err := decoder.Decode(&c)
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case c.Kind == "Component":
			all = append(all, c)
		}
	}
}

// shortPath is a file's name as a person in the repository would say it.
func (p plan) shortPath(file string) string {
	if short, err := filepath.Rel(p.cfg.root, file); err == nil && filepath.IsLocal(short) {
		return short
	}
	return file
}

// componentSecrets are those that sidecars can read: name, then key.
func (p plan) componentSecrets() map[string]map[string]string {
	var secrets map[string]map[string]string
	raw, err := os.ReadFile(filepath.Join(p.daprDir(), "secrets.json"))
	if err == nil {
		err = json.Unmarshal(raw, &secrets)
	}
	if err != nil {
		return nil // the sidecar says so itself
	}
	return secrets
}

// value is what the sidecar makes of a field.
func (f componentField) value(secrets map[string]map[string]string) string {
	if f.SecretKeyRef.Name != "" {
		return secrets[f.SecretKeyRef.Name][f.SecretKeyRef.Key]
	}
	if f.Value == nil {
		return ""
	}
	return fmt.Sprint(f.Value)
}

// missingSecrets names what the component refers to and is not there.
func (c component) missingSecrets(secrets map[string]map[string]string) []string {
	var missing []string
	for _, f := range c.Spec.Metadata {
		ref := f.SecretKeyRef
		if ref.Name == "" {
			continue
		}
		if _, ok := secrets[ref.Name]; !ok {
			missing = append(missing, fmt.Sprintf("there is no secret %q", ref.Name))
		} else if _, ok := secrets[ref.Name][ref.Key]; !ok {
			missing = append(missing, fmt.Sprintf("secret %q has no key %q", ref.Name, ref.Key))
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// addressFields are the fields in which components of the brokers say where the broker is, and the port that it has when they
// do not.
var addressFields = map[string]string{"natsURL": "4222", "brokers": "9092", "redisHost": "6379", "connectionString": "5672"}

// addresses are where the component expects its broker, as host:port.
func (c component) addresses(secrets map[string]map[string]string) []string {
	var all []string
	for _, f := range c.Spec.Metadata {
		port, ok := addressFields[f.Name]
		if !ok {
			continue
		}
		for part := range strings.SplitSeq(f.value(secrets), ",") {
			part = strings.TrimSpace(part)
			if !strings.Contains(part, "://") {
				part = "broker://" + part
			}
			if u, err := url.Parse(part); err == nil && u.Hostname() != "" {
				all = append(all, net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)))
			}
		}
	}
	return all
}

var secretField = regexp.MustCompile(`(?i)pass|token|secret|jwt|seed|key`)

// hide takes out of a text what nobody should read in a log.
func (c component) hide(text string, secrets map[string]map[string]string) string {
	for _, f := range c.Spec.Metadata {
		value := f.value(secrets)
		if u, err := url.Parse(value); err == nil && u.User != nil {
			value, _ = u.User.Password()
		} else if !secretField.MatchString(f.Name) {
			continue
		}
		if value != "" {
			text = strings.ReplaceAll(text, value, "***")
		}
	}
	return text
}
