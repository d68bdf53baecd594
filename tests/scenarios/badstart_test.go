package scenarios

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"taskmaster/tests/system"
)

// wrongPassword is not the password of any broker. It must not be in any log.
const wrongPassword = "a-password-that-is-wrong"

// deadAddress is an address without listener.
const deadAddress = "127.0.0.1:1"

// A component that cannot work causes one line in the log. The API answers and events wait. After
// the component is fixed, they are published without a manual restart.
func TestComponentThatCannotWork(t *testing.T) {
	t.Parallel()
	broker := broker()
	lacking := `the daprd that is built here: .*DAPRD=`
	if os.Getenv("DAPRD") != "" {
		lacking = `\S+/daprd; `
	}
	for name, test := range map[string]struct {
		every  bool // runs on every broker; otherwise Dapr's behaviour is the same on all
		starts bool // sidecars start without the component, and run until the supervisor notices
		waits  bool // waits until api logs that events wait, which takes it a minute and is the same for all
		lives  bool // a sidecar may live long enough to schedule a reminder; otherwise api logs that reminders wait too
		edit   func(t *testing.T, c component, link string)
		says   string // a regular expression
	}{
		"wrong type": {
			waits: true,
			edit:  func(_ *testing.T, c component, _ string) { c.spec()["type"] = "pubsub.mqtt3" }, // Dapr has this type, and our daprd has not
			says:  `component kafka-pubsub \(\S+kafka-pubsub\.yaml\): there is no type pubsub\.mqtt3/v1 in ` + lacking,
		},
		"not YAML": {
			edit: nil,
			says: `component file \S+kafka-pubsub\.yaml: yaml: line \d+`,
		},
		"missing field": {
			edit: func(_ *testing.T, c component, _ string) { c.remove(brokerFields[broker].address) },
			says: `component kafka-pubsub \(\S+kafka-pubsub\.yaml\): missing nats URL`,
		},
		"missing secret": {
			edit: func(_ *testing.T, c component, _ string) {
				c.field(brokerFields[broker].address)["secretKeyRef"] = fields{"name": "nosuch", "key": "url"}
			},
			says: `component kafka-pubsub \(\S+kafka-pubsub\.yaml\): there is no secret "nosuch"`,
		},
		"missing secret store": {
			edit: func(_ *testing.T, c component, _ string) { c["auth"] = fields{"secretStore": "nosuch"} },
			says: `component kafka-pubsub \(\S+kafka-pubsub\.yaml\): there is no secret store nosuch`,
		},
		"other name": {
			starts: true,
			lives:  true,
			edit:   func(_ *testing.T, c component, _ string) { c["metadata"] = fields{"name": "pubsub"} },
			says:   `component kafka-pubsub \(\S+\): no file there has a component of this name`,
		},
		"unreachable broker": {
			every: true,
			waits: true,
			lives: true,
			edit: func(_ *testing.T, c component, _ string) {
				f := brokerFields[broker]
				c.set(f.address, f.prefix+deadAddress)
			},
			says: `component kafka-pubsub \(\S+kafka-pubsub\.yaml\): cannot connect to the broker at ` + regexp.QuoteMeta(deadAddress) + `: connection refused`,
		},
		"wrong credentials": {
			every: true,
			edit: func(_ *testing.T, c component, link string) {
				if broker == "rabbitmq" { // its field holds both
					c.set("connectionString", "amqp://taskmaster:"+wrongPassword+"@"+link+"/")
					return
				}
				c.set(brokerFields[broker].password, wrongPassword)
			},
			says: `component kafka-pubsub \(\S+kafka-pubsub\.yaml\): the broker at \S+ does not accept the credentials`,
		},
	} {
		if broker != "nats" && !test.every {
			continue
		}
		t.Run(name, func(t *testing.T) {
			kept := filepath.Join(t.TempDir(), "system")
			link, err := system.NewLink(t.Context(), func() (string, error) { // sidecars ask for the address before the system is ready
				p, err := (&system.System{Dir: kept}).Process(system.RoleBroker, system.RoleBroker, 1)
				return p.Address, err
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(link.Close)
			dir := filepath.Join(t.TempDir(), "components")
			correct := copyComponents(t, broker, dir)
			file := filepath.Join(dir, "kafka-pubsub.yaml")
			spoilt := spoil(t, correct, func(c component) { test.edit(t, c, link.Address()) }, test.edit == nil)
			writeFile(t, file, spoilt)

			s := own(t, system.Config{Dir: kept, Args: []string{"-components", dir}, Services: "api,live,web", Broken: true})
			u := newUser(t, s)
			socket := watch(t, u, s.URL, 0)
			made := u.create(fields{"title": "made while events cannot be published", "due_at": "2030-01-01T09:00:00Z"})
			checkLoggedOnce(t, s, test.says, test.starts)
			if test.waits {
				checkDegraded(t, s, test.lives)
			}

			writeFile(t, file, correct)
			message(t, socket, made.Revision)
			o := observe(t, s)
			if !system.BrokerPromises(broker).History {
				made = u.create(fields{"title": "made while an observer is subscribed"})
			}
			event(t, o, system.TopicTasks, u.ID, made.Revision)
			if bytes.Contains(spoilt, []byte(wrongPassword)) && strings.Contains(s.Tail(1<<30), wrongPassword) {
				t.Error("the password is in the log")
			}
		})
	}
}

// checkLoggedOnce waits for a line in the log and gives sidecars time to fail again. Then it checks
// that no other line is about the component. If sidecars start without the component, api may call
// a sidecar while it runs. Then api may also log the answer to a publication.
func checkLoggedOnce(t *testing.T, s *system.System, says string, starts bool) {
	t.Helper()
	pattern := regexp.MustCompile(says)
	about := regexp.MustCompile(`kafka-pubsub[^-\w]`)
	if starts {
		about = regexp.MustCompile(`^local\s+\| .*` + about.String())
	}
	// On a busy machine the broker itself may start late. That has lines of its own.
	late := regexp.MustCompile(`^local\s+\| broker \w+, for the components `)
	var lines []string
	look := func() error {
		lines = slices.DeleteFunc(strings.Split(s.Tail(1<<30), "\n"), func(line string) bool {
			return !about.MatchString(line) || late.MatchString(line)
		})
		if !slices.ContainsFunc(lines, pattern.MatchString) {
			return errors.New("the log lacks: " + says)
		}
		return nil
	}
	if err := system.Poll(within(t), look); err != nil {
		t.Fatal(err)
	}
	const times = 3
	seen := map[int]bool{}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	_ = system.Poll(ctx, func() error { // a sidecar that never starts logs no more either
		if p, err := s.Process(system.RoleSidecar, "api", 1); err == nil {
			seen[p.PID] = true
		}
		if len(seen) < times {
			return errors.New("not yet")
		}
		return nil
	})
	if err := look(); err != nil {
		t.Fatal(err)
	}
	if len(lines) != 1 {
		t.Errorf("%d lines are about the component, want one:\n%s", len(lines), strings.Join(lines, "\n"))
	}
}

// checkDegraded waits until api has logged once that events wait, and that reminders do. While a
// sidecar lives, api may schedule the reminder before it logs that it cannot.
func checkDegraded(t *testing.T, s *system.System, lives bool) {
	t.Helper()
	least := map[string]int{"event publishing degraded": 1, "reminder scheduling degraded": 1}
	if lives {
		least["reminder scheduling degraded"] = 0
	}
	for message, least := range least {
		n := 0
		err := system.Poll(within(t), func() error { // api gives its sidecar time to start before it logs an error
			if n = strings.Count(s.Tail(1<<30), message); n < least {
				return fmt.Errorf("%q is not logged", message)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if n > 1 {
			t.Errorf("%q is logged %d times, want once", message, n)
		}
	}
}

// brokerFields are the fields of a broker's component for the address and the password.
var brokerFields = map[string]struct{ address, prefix, password string }{
	"nats":     {"natsURL", "nats://", "token"},
	"kafka":    {"brokers", "", "saslPassword"},
	"redis":    {"redisHost", "", "redisPassword"},
	"rabbitmq": {"connectionString", "amqp://taskmaster:" + wrongPassword + "@", ""},
}

// component is the content of a component's file.
type component map[string]any

func (c component) spec() map[string]any { return c["spec"].(map[string]any) }

func (c component) field(name string) map[string]any {
	for _, f := range c.spec()["metadata"].([]any) {
		if f := f.(map[string]any); f["name"] == name {
			return f
		}
	}
	panic("the component has no field " + name)
}

func (c component) set(name, value string) {
	f := c.field(name)
	delete(f, "secretKeyRef")
	f["value"] = value
}

func (c component) remove(name string) {
	f := c.field(name)
	clear(f)
	f["name"], f["value"] = "clientName", "x" // ignored
}

// copyComponents copies a broker's components into a folder and returns kafka-pubsub's file.
func copyComponents(t *testing.T, broker, dir string) []byte {
	t.Helper()
	root, err := system.Root()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "dapr", "components", broker))); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "kafka-pubsub.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// spoil edits a component's file, or breaks its syntax.
func spoil(t *testing.T, raw []byte, edit func(component), syntax bool) []byte {
	t.Helper()
	if syntax {
		return append([]byte("spec: [\n"), raw...)
	}
	var c map[string]any
	if err := yaml.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	edit(c)
	raw, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// writeFile replaces a file in one step, as editors do.
func writeFile(t *testing.T, file string, raw []byte) {
	t.Helper()
	temporary := file + ".new"
	if err := os.WriteFile(temporary, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, file); err != nil {
		t.Fatal(err)
	}
}
