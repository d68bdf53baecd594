package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// whatNow ends every complaint about a sidecar: nothing has to be restarted.
const whatNow = "events wait until this is put right, and are then published by themselves"

// diagnose says in one line why a sidecar cannot be used: which component of it, and what is wrong with that. said is what
// the sidecar told; err is what was seen of it.
func (p plan) diagnose(ctx context.Context, sidecar string, said cause, err error) complaint {
	var known *fault
	switch {
	case said.component != "":
		known = p.explain(ctx, said)
	case errors.As(err, &known):
	case said.reason != "":
		return complaint{sidecar, fmt.Sprintf("%s cannot start: %s; %s", sidecar, oneLine(said.reason), whatNow)}
	default:
		return complaint{sidecar, fmt.Sprintf("%s cannot be used: %s; %s", sidecar, oneLine(err.Error()), whatNow)}
	}
	subject := "component " + known.component
	if known.component == "" {
		subject = "component file " + known.file
	}
	return complaint{subject, fmt.Sprintf("%s; %s", known, whatNow)}
}

// diagnoseBroker says in one line that the broker cannot be used, and which components need it.
func (p plan) diagnoseBroker(err error) complaint {
	subject, reason := "broker "+p.cfg.brokerName, err.Error()
	if all, err := p.components(); err == nil {
		var names []string
		for _, c := range all {
			names = append(names, c.Metadata.Name)
			reason = c.hide(reason, p.componentSecrets())
		}
		subject = fmt.Sprintf("%s, for the components %s (%s)", subject, strings.Join(names, " and "), p.shortPath(p.cfg.components))
	}
	return complaint{subject, fmt.Sprintf("%s: %s; %s", subject, oneLine(reason), whatNow)}
}

// missing returns the fault that a component which the app needs was not loaded.
func (p plan) missing(all []component, app string, loaded map[string]bool) error {
	needed, err := p.needed(app)
	if err != nil {
		return err
	}
	for _, name := range needed {
		if loaded[name] {
			continue
		}
		for _, c := range all {
			switch {
			case c.Metadata.Name != name:
			case c.of(app):
				return &fault{name, c.file, fmt.Sprintf("%s's sidecar did not load it", app)}
			default:
				return &fault{name, c.file, fmt.Sprintf("its scopes leave out %s, which needs it", app)}
			}
		}
		return &fault{name, p.shortPath(p.cfg.components), fmt.Sprintf("no file there has a component of this name, and %s needs it", app)}
	}
	return nil
}

// needed are the pub/sub components that an app subscribes to, and the one that api publishes to.
func (p plan) needed(app string) ([]string, error) {
	var names []string
	if app == "api" {
		names = append(names, "kafka-pubsub")
	}
	files, err := filepath.Glob(filepath.Join(p.cfg.root, "dapr", "subscriptions", "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var subscription struct {
			Scopes []string
			Spec   struct{ Pubsubname string }
		}
		if err := yaml.Unmarshal(raw, &subscription); err != nil {
			return nil, fmt.Errorf("%s: %w", p.shortPath(file), err)
		}
		if (component{Scopes: subscription.Scopes}).of(app) {
			names = append(names, subscription.Spec.Pubsubname)
		}
	}
	return names, nil
}

// explain says in words why a component cannot be used.
func (p plan) explain(ctx context.Context, said cause) *fault {
	all, err := p.components()
	if err != nil {
		return &fault{said.component, p.shortPath(p.cfg.components), "its files changed"} // the next start says how
	}
	secrets := p.componentSecrets()
	for _, c := range all {
		if c.Metadata.Name == said.component {
			reason := oneLine(c.hide(said.reason, secrets))
			if found := noType.FindStringSubmatch(reason); found != nil {
				reason = p.lacksType(found[1])
			} else {
				reason = c.words(ctx, reason, secrets)
			}
			return &fault{said.component, c.file, strings.Join(append(c.missingSecrets(secrets), reason), "; ")}
		}
	}
	return &fault{said.component, "dapr/local", oneLine(said.reason)} // the secret store
}

// lacksType says that the sidecar has no components of a type, and where there are some.
func (p plan) lacksType(name string) string {
	if p.dapr.daprd != "" {
		return fmt.Sprintf("there is no type %s in %s", name, p.dapr.daprd)
	}
	return fmt.Sprintf("there is no type %s in the daprd that is built here: start again with DAPRD=PATH, a full daprd such as `dapr init` installs", name)
}

var (
	noType       = regexp.MustCompile(`couldn't find [a-z ]+ (\S+)`)
	noConnection = regexp.MustCompile(`(?i)dial tcp|no servers available|i/o timeout|deadline exceeded|connection re(fused|set)|no such host|EOF\b|out of available brokers`)
	noPermission = regexp.MustCompile(`(?i)authorization violation|WRONGPASS|NOAUTH|NOPERM|authenticat|username or password|access.refused|SASL|x509|certificate`)
	localEnd     = regexp.MustCompile(`\S+->`)
	dialled      = regexp.MustCompile(`dial tcp \S+: (?:connect: )?(.*)$`)
)

// words says what a component's own message means, and what it leaves out: the broker's address.
func (c component) words(ctx context.Context, reason string, secrets map[string]map[string]string) string {
	at := strings.Join(c.addresses(secrets), ", ")
	switch {
	case at == "":
		return reason
	case noPermission.MatchString(reason):
		return fmt.Sprintf("the broker at %s does not accept the credentials or certificate: %s", at, reason)
	case !noConnection.MatchString(reason):
		return reason
	}
	if err := c.dial(ctx, secrets); err != nil {
		reason = err.Error()
	}
	if found := dialled.FindStringSubmatch(reason); found != nil {
		reason = found[1]
	}
	return fmt.Sprintf("cannot connect to the broker at %s: %s", at, reason)
}

// dial finds out what the system says about connections to the broker, which some components keep for themselves.
func (c component) dial(ctx context.Context, secrets map[string]map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	for _, address := range c.addresses(secrets) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		_ = conn.Close() // it was only tried
	}
	return nil
}

const (
	longestReason = 300
	dialTimeout   = 2 * time.Second
)

// oneLine makes a reason short and the same each time.
func oneLine(reason string) string {
	reason = strings.Join(strings.Fields(localEnd.ReplaceAllString(reason, "")), " ")
	if len(reason) > longestReason {
		reason = strings.ToValidUTF8(reason[:longestReason], "") + "..."
	}
	return reason
}
