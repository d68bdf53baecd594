package scenarios

import (
	"bytes"
	"cmp"
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

// wrongPassword is no broker's, and must not be in any log.
const wrongPassword = "a-password-that-is-wrong"

// deadAddress is one at which nobody listens.
const deadAddress = "127.0.0.1:1"

// A component that cannot work is told in one line. The API serves, events wait, and when the component has been put right
// they are published without anybody's restarting anything.
func TestComponentThatCannotWork(t *testing.T) {
	t.Parallel()
	broker := cmp.Or(os.Getenv("BROKER"), "nats")
	for name, test := range map[string]struct {
		every  bool // on every broker; else what Dapr does about it does not depend on the broker
		starts bool // sidecars start without the component, and serve until the supervisor finds out
		edit   func(t *testing.T, c component, link string)
		says   string // a regular expression
	}{
		"wrong type": {
			edit: func(_ *testing.T, c component, _ string) { c.spec()["type"] = "pubsub.mqtt3" }, // Dapr has it, our daprd has not
			says: `component kafka-pubsub \(\S+kafka-pubsub\.yaml\): there is no type pubsub\.mqtt3/v1 in the daprd that is built here: .*DAPRD=`,
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
			edit:   func(_ *testing.T, c component, _ string) { c["metadata"] = fields{"name": "pubsub"} },
			says:   `component kafka-pubsub \(\S+\): no file there has a component of this name`,
		},
		"unreachable broker": {
			every: true,
			edit: func(_ *testing.T, c component, _ string) {
				f := brokerFields[broker]
				c.set(f.address, f.prefix+deadAddress)
			},
			says: `component kafka-pubsub \(\S+kafka-pubsub\.yaml\): cannot connect to the broker at ` + regexp.QuoteMeta(deadAddress) + `: connection refused`,
		},
		"wrong credentials": {
			every: true,
			edit: func(_ *testing.T, c component, link string) {
				if broker == "rabbitmq" { // it has both in one field
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
			link, err := system.NewLink(t.Context(), func() (string, error) { // sidecars ask before the system is ready
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
			told(t, s, test.says, test.starts)

			writeFile(t, file, correct)
			message(t, socket, made.Revision)
			o := observe(t, s)
			if !system.BrokerPromises(broker).History {
				made = u.create(fields{"title": "made when somebody observes"})
			}
			event(t, o, system.TopicTasks, u.ID, made.Revision)
			if bytes.Contains(spoilt, []byte(wrongPassword)) && strings.Contains(s.Tail(1<<30), wrongPassword) {
				t.Error("the password is in the log")
			}
		})
	}
}

// told waits until the log says something, gives sidecars time to fail again, and checks that nothing else was said about
// the component. Where sidecars start without it, api may call one while it serves: then it also says what that answers to what is
// published, and may get the reminders scheduled before it has said that it cannot.
func told(t *testing.T, s *system.System, says string, starts bool) {
	t.Helper()
	pattern := regexp.MustCompile(says)
	about := regexp.MustCompile(`kafka-pubsub[^-\w]`)
	if starts {
		about = regexp.MustCompile(`^local\s+\| .*` + about.String())
	}
	var lines []string
	look := func() error {
		lines = slices.DeleteFunc(strings.Split(s.Tail(1<<30), "\n"), func(line string) bool { return !about.MatchString(line) })
		if !slices.ContainsFunc(lines, pattern.MatchString) {
			return errors.New("nobody says: " + says)
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
	_ = system.Poll(ctx, func() error { // one that is never started at all says no more either
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
		t.Errorf("%d lines tell of the component, want one:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	least := map[string]int{"event publishing degraded": 1, "reminder scheduling degraded": 1}
	if starts {
		least["reminder scheduling degraded"] = 0
	}
	for trouble, least := range least {
		n := 0
		err := system.Poll(within(t), func() error { // api gives its sidecar time to start before it complains
			if n = strings.Count(s.Tail(1<<30), trouble); n < least {
				return fmt.Errorf("%q is not said", trouble)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if n > 1 {
			t.Errorf("%q is said %d times, want once", trouble, n)
		}
	}
}

// brokerFields are the fields of a broker's component with its address and the password.
var brokerFields = map[string]struct{ address, prefix, password string }{
	"nats":     {"natsURL", "nats://", "token"},
	"kafka":    {"brokers", "", "saslPassword"},
	"redis":    {"redisHost", "", "redisPassword"},
	"rabbitmq": {"connectionString", "amqp://taskmaster:" + wrongPassword + "@", ""},
}

// component is one as its file has it.
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

// spoil edits a component's file, or breaks it.
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

// writeFile replaces a file at once, as editors do.
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
