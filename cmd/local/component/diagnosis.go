package component

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

	"taskmaster/cmd/local/supervise"
)

// A consequence ends every line about a problem: nobody has to restart anything.
const (
	eventsWait = "events wait until this problem is solved, and are then published without further action"
	noChat     = "the chat does not answer until this problem is solved; everything else works"
)

// consequence returns what a sidecar that cannot be used means. The assistant's handles no events.
func consequence(sidecar string) string {
	if strings.HasPrefix(sidecar, "assistant") {
		return noChat
	}
	return eventsWait
}

// Sidecar explains in one line why a sidecar cannot be used. cause comes from the sidecar's log, and
// err from the supervisor.
func (d *Doctor) Sidecar(ctx context.Context, sidecar string, cause Cause, err error) supervise.Problem {
	var known *fault
	switch {
	case cause.component != "":
		known = d.explain(ctx, cause)
	case errors.As(err, &known):
	case cause.reason != "":
		return supervise.Problem{Subject: sidecar, Text: fmt.Sprintf("%s cannot start: %s; %s", sidecar, oneLine(cause.reason), consequence(sidecar))}
	default:
		return supervise.Problem{Subject: sidecar, Text: fmt.Sprintf("%s cannot be used: %s; %s", sidecar, oneLine(err.Error()), consequence(sidecar))}
	}
	subject := "component " + known.component
	if known.component == "" {
		subject = "component file " + known.file
	}
	return supervise.Problem{Subject: subject, Text: fmt.Sprintf("%s; %s", known, consequence(sidecar))}
}

// Broker explains in one line why the broker cannot be used, and names the components that need it.
func (d *Doctor) Broker(err error) supervise.Problem {
	subject, reason := "broker "+d.broker, err.Error()
	if all, err := d.components(); err == nil {
		var names []string
		for _, c := range all {
			names = append(names, c.Metadata.Name)
			reason = c.hide(reason, d.secrets())
		}
		subject = fmt.Sprintf("%s, for the components %s (%s)", subject, strings.Join(names, " and "), d.shortPath(d.folder))
	}
	return supervise.Problem{Subject: subject, Text: fmt.Sprintf("%s: %s; %s", subject, oneLine(reason), eventsWait)}
}

// CheckLoaded returns an error that names a component which the app needs and its sidecar did not
// load.
func (d *Doctor) CheckLoaded(app string, loaded map[string]bool) error {
	all, err := d.components()
	if err != nil {
		return err
	}
	needed, err := d.needed(app)
	if err != nil {
		return err
	}
	for _, name := range needed {
		if !loaded[name] {
			return d.notLoaded(all, app, name)
		}
	}
	return nil
}

// notLoaded explains why the app's sidecar did not load a component.
func (d *Doctor) notLoaded(all []component, app, name string) error {
	for _, c := range all {
		switch {
		case c.Metadata.Name != name:
		case c.loadedBy(app):
			return &fault{name, c.file, fmt.Sprintf("%s's sidecar did not load it", app)}
		default:
			return &fault{name, c.file, fmt.Sprintf("its scopes leave out %s, which needs it", app)}
		}
	}
	return &fault{name, d.shortPath(d.folder), fmt.Sprintf("no file there has a component of this name, and %s needs it", app)}
}

// needed returns the pub/sub components that an app subscribes to. For api it adds the component
// that api publishes to.
func (d *Doctor) needed(app string) ([]string, error) {
	var names []string
	if app == "api" {
		names = append(names, "kafka-pubsub")
	}
	files, err := filepath.Glob(filepath.Join(d.root, "dapr", "subscriptions", "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list the subscriptions: %w", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read subscription: %w", err)
		}
		var subscription struct {
			Scopes []string
			Spec   struct{ Pubsubname string }
		}
		if err := yaml.Unmarshal(raw, &subscription); err != nil {
			return nil, fmt.Errorf("%s: %w", d.shortPath(file), err)
		}
		if (component{Scopes: subscription.Scopes}).loadedBy(app) {
			names = append(names, subscription.Spec.Pubsubname)
		}
	}
	return names, nil
}

// explain turns the cause in a sidecar's log into the fault of a component.
func (d *Doctor) explain(ctx context.Context, cause Cause) *fault {
	all, err := d.components()
	if err != nil {
		return &fault{cause.component, d.shortPath(d.folder), "its files changed"} // the next start names the change
	}
	secrets := d.secrets()
	for _, c := range all {
		if c.Metadata.Name != cause.component {
			continue
		}
		reason := oneLine(c.hide(cause.reason, secrets))
		if found := unknownType.FindStringSubmatch(reason); found != nil {
			reason = d.explainType(found[1])
		} else {
			reason = c.explain(ctx, reason, secrets)
		}
		return &fault{cause.component, c.file, strings.Join(append(c.missingSecrets(secrets), reason), "; ")}
	}
	folder := "dapr/local" // the secret store
	if cause.component == "conversations" {
		folder = "dapr/state"
	}
	return &fault{cause.component, folder, d.ownReason(cause.reason)}
}

// ownReason explains why a component of this repository, which is none of the broker's, was not loaded.
func (d *Doctor) ownReason(reason string) string {
	reason = oneLine(reason)
	if found := unknownType.FindStringSubmatch(reason); found != nil {
		return d.explainType(found[1])
	}
	return reason
}

// explainType explains that the daprd has no components of a type, and names a daprd that has.
func (d *Doctor) explainType(name string) string {
	if d.daprd != "" {
		return fmt.Sprintf("there is no type %s in %s", name, d.daprd)
	}
	return fmt.Sprintf("there is no type %s in the daprd that is built here: start again with DAPRD=PATH, a full daprd such as `dapr init` installs", name)
}

var (
	unknownType  = regexp.MustCompile(`couldn't find [a-z ]+ (\S+)`)
	noConnection = regexp.MustCompile(`(?i)dial tcp|no servers available|i/o timeout|deadline exceeded|connection re(fused|set)|no such host|EOF\b|out of available brokers`)
	noPermission = regexp.MustCompile(`(?i)authorization violation|WRONGPASS|NOAUTH|NOPERM|authenticat|username or password|access.refused|SASL|x509|certificate`)
	localEnd     = regexp.MustCompile(`\S+->`)
	dialled      = regexp.MustCompile(`dial tcp \S+: (?:connect: )?(.*)$`)
)

// explain adds to a component's own message its meaning, and the broker's address, which most
// messages lack.
func (c component) explain(ctx context.Context, reason string, s secrets) string {
	at := strings.Join(c.addresses(s), ", ")
	switch {
	case at == "":
		return reason
	case noPermission.MatchString(reason):
		return fmt.Sprintf("the broker at %s does not accept the credentials or certificate: %s", at, reason)
	case !noConnection.MatchString(reason):
		return reason
	}
	if err := c.dial(ctx, s); err != nil {
		reason = err.Error()
	}
	if found := dialled.FindStringSubmatch(reason); found != nil {
		reason = found[1]
	}
	return fmt.Sprintf("cannot connect to the broker at %s: %s", at, reason)
}

const (
	// longestReason is the length in bytes at which a reason is cut, to keep the log readable.
	longestReason = 300
	// dialTimeout ends a test connection to a broker that does not answer.
	dialTimeout = 2 * time.Second
)

// dial connects to the broker to get the operating system's error. Some components do not pass it on.
func (c component) dial(ctx context.Context, s secrets) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	for _, address := range c.addresses(s) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		_ = conn.Close() // it was only a test
	}
	return nil
}

// oneLine shortens a reason to one line. It removes local ports, so that the same reason is the same
// text each time.
func oneLine(reason string) string {
	reason = strings.Join(strings.Fields(localEnd.ReplaceAllString(reason, "")), " ")
	if len(reason) > longestReason {
		reason = strings.ToValidUTF8(reason[:longestReason], "") + "..."
	}
	return reason
}
