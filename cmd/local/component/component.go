// Package component reads the files of Dapr's pub/sub components, and explains in one line why a
// sidecar or the broker cannot be used.
package component

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

// component is the part of a component's file that a diagnosis needs.
type component struct {
	file string
	Kind string

	Metadata struct{ Name string }
	Scopes   []string
	Spec     struct {
		Type     string
		Metadata []field
	}
}

type field struct {
	Name         string
	Value        any
	SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
}

// secrets are the secrets that sidecars can read: name, then key.
type secrets map[string]map[string]string

// loadedBy reports whether the app's sidecar loads the component.
func (c component) loadedBy(app string) bool {
	return len(c.Scopes) == 0 || slices.Contains(c.Scopes, app)
}

// fault is a problem of a component or its file. It is the same for every sidecar.
type fault struct{ component, file, reason string }

func (f *fault) Error() string {
	if f.component == "" {
		return fmt.Sprintf("component file %s: %s", f.file, f.reason)
	}
	return fmt.Sprintf("component %s (%s): %s", f.component, f.file, f.reason)
}

// Doctor explains problems of the components in one folder.
type Doctor struct {
	root        string
	folder      string
	secretsFile string
	daprd       string
	broker      string
}

// Config describes an installation. All fields but Daprd are needed.
type Config struct {
	Root        string // of the repository
	Folder      string // of the pub/sub components
	SecretsFile string // the JSON file in which sidecars find secrets
	Daprd       string // path of an installed daprd; empty for the one that is built here
	Broker      string // name of the broker
}

// NewDoctor returns a doctor for an installation.
func NewDoctor(c Config) *Doctor {
	return &Doctor{root: c.Root, folder: c.Folder, secretsFile: c.SecretsFile, daprd: c.Daprd, broker: c.Broker}
}

// Check returns the first fault in the files of the components. A sidecar would start without such a
// component, and receive no events.
func (d *Doctor) Check() error {
	_, err := d.components()
	return err
}

func (d *Doctor) components() ([]component, error) {
	var all []component
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return nil, &fault{file: d.shortPath(d.folder), reason: err.Error()}
	}
	for _, entry := range entries {
		if ext := filepath.Ext(entry.Name()); ext != ".yaml" && ext != ".yml" {
			continue
		}
		file := filepath.Join(d.folder, entry.Name())
		found, err := d.read(file)
		if err != nil {
			return nil, &fault{file: d.shortPath(file), reason: err.Error()}
		}
		all = append(all, found...)
	}
	return all, nil
}

func (d *Doctor) read(file string) ([]component, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return decode(f, d.shortPath(file))
}

// decode reads the components of one file, which may hold several documents.
func decode(r io.Reader, file string) ([]component, error) {
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

// shortPath returns a file's path relative to the repository, if the file is in it.
func (d *Doctor) shortPath(file string) string {
	if short, err := filepath.Rel(d.root, file); err == nil && filepath.IsLocal(short) {
		return short
	}
	return file
}

// secrets returns the secrets that sidecars can read. Without the file it returns none: the sidecar
// logs that itself.
func (d *Doctor) secrets() secrets {
	var s secrets
	raw, err := os.ReadFile(d.secretsFile)
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		return nil
	}
	return s
}

// value returns the value of a field, with its secret in place.
func (f field) value(s secrets) string {
	if f.SecretKeyRef.Name != "" {
		return s[f.SecretKeyRef.Name][f.SecretKeyRef.Key]
	}
	if f.Value == nil {
		return ""
	}
	return fmt.Sprint(f.Value)
}

// missingSecrets names the secrets that the component refers to and that do not exist.
func (c component) missingSecrets(s secrets) []string {
	var missing []string
	for _, f := range c.Spec.Metadata {
		ref := f.SecretKeyRef
		if ref.Name == "" {
			continue
		}
		if _, ok := s[ref.Name]; !ok {
			missing = append(missing, fmt.Sprintf("there is no secret %q", ref.Name))
		} else if _, ok := s[ref.Name][ref.Key]; !ok {
			missing = append(missing, fmt.Sprintf("secret %q has no key %q", ref.Name, ref.Key))
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// defaultPort returns the port of a broker that a field names without a port. It reports whether the
// field holds the broker's address.
func defaultPort(field string) (port string, ok bool) {
	switch field {
	case "natsURL":
		return "4222", true
	case "brokers":
		return "9092", true
	case "redisHost":
		return "6379", true
	case "connectionString":
		return "5672", true
	default:
		return "", false
	}
}

// addresses returns the host:port of each broker that the component connects to.
func (c component) addresses(s secrets) []string {
	var all []string
	for _, f := range c.Spec.Metadata {
		port, ok := defaultPort(f.Name)
		if !ok {
			continue
		}
		for part := range strings.SplitSeq(f.value(s), ",") {
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

// hide replaces the component's passwords and keys in a text for the log.
func (c component) hide(text string, s secrets) string {
	for _, f := range c.Spec.Metadata {
		value := f.value(s)
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
