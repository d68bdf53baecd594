package component

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The messages of daprd about a failing component become one line.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	const dead = "127.0.0.1:1" // there is no listener
	const kind = "kafka-pubsub (pubsub.some/v1): "
	for name, test := range map[string]struct {
		fields string
		writes string // the reason in daprd's log
		want   string
	}{
		"wrong type": {
			writes: "couldn't find message bus pubsub.some/v1",
			want:   "there is no type pubsub.some/v1",
		},
		"missing secrets": {
			fields: "- {name: natsURL, secretKeyRef: {name: nosuch, key: url}}\n    - {name: token, secretKeyRef: {name: nats, key: nosuch}}",
			writes: "missing nats URL",
			want:   `secret "nats" has no key "nosuch"; there is no secret "nosuch"; missing nats URL`,
		},
		"unreachable, and it says so": {
			fields: "- {name: connectionString, value: 'amqp://me:very-secret@" + dead + "/'}",
			writes: "dial tcp " + dead + ": connect: connection refused",
			want:   "cannot connect to the broker at " + dead + ": connection refused",
		},
		"unreachable, and it does not say why": {
			fields: "- {name: natsURL, secretKeyRef: {name: nats, key: url}}",
			writes: "nats: no servers available for connection",
			want:   "cannot connect to the broker at " + dead + ": connection refused",
		},
		"no answer": {
			fields: "- {name: redisHost, value: '192.0.2.1'}",
			writes: `error connecting: read tcp 127.0.0.1:55350->192.0.2.1:6379: connection reset by peer\ninit timeout for component kafka-pubsub`,
			want:   "cannot connect to the broker at 192.0.2.1:6379: ",
		},
		"credentials, which stay hidden": {
			fields: "- {name: natsURL, secretKeyRef: {name: nats, key: url}}\n    - {name: token, secretKeyRef: {name: nats, key: token}}",
			writes: "nats: Authorization Violation of very-secret",
			want:   "the broker at " + dead + " does not accept the credentials or certificate: nats: Authorization Violation of ***",
		},
		"anything else": {
			writes: "kafka error: invalid value for 'authType' attribute",
			want:   "kafka error: invalid value for 'authType' attribute",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d := newDoctor(dir)
			writeFile(t, filepath.Join(dir, "components", "kafka-pubsub.yaml"),
				"kind: Component\nmetadata: {name: kafka-pubsub}\nspec:\n  type: pubsub.some\n  metadata:\n    "+test.fields)
			writeFile(t, filepath.Join(dir, "secrets.json"), `{"nats": {"url": "nats://`+dead+`", "token": "very-secret"}}`)

			log := NewLog()
			log.Starting()
			const failure = "[INIT_COMPONENT_FAILURE]: initialization error occurred for " + kind
			for _, line := range []string{
				`time="2026-11-23T23:40:15Z" level=error msg="Error getting secret: secret nosuch not found" app_id=api`,
				`time="2026-11-23T23:40:15Z" level=error msg="Failed to init component ` + kind + failure + test.writes + `" app_id=api`,
				`time="2026-11-23T23:40:15Z" level=fatal msg="Fatal error from runtime: process component kafka-pubsub error: ` + failure + failure + test.writes + `" app_id=api`,
			} {
				if shown := log.Filter(line); shown != "" {
					t.Errorf("shown besides: %s", shown)
				}
			}
			got := d.Sidecar(t.Context(), "api/dapr", log.Cause(), errors.New("api/dapr ended"))
			want := "component kafka-pubsub (components/kafka-pubsub.yaml): " + test.want
			if !strings.HasPrefix(got.Text, want) || strings.Contains(got.Text, "very-secret") {
				t.Errorf("got  %s\nwant %s; ...", got.Text, want)
			}
		})
	}
}

// Messages of a sidecar that has started are shown, even those about a component.
func TestLogOfStartedSidecar(t *testing.T) {
	t.Parallel()
	log := NewLog()
	log.Starting()
	log.Started()
	const line = `time="2026-11-23T23:40:15Z" level=fatal msg="Fatal error from runtime: nats: connection closed" app_id=api`
	if got, want := log.Filter(line), "fatal: Fatal error from runtime: nats: connection closed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDiagnoseOtherReasons(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := newDoctor(dir)
	if got := d.Sidecar(t.Context(), "api/dapr", Cause{}, errors.New("api/dapr ended (exit status 2: panic)")); !strings.HasPrefix(got.Text, "api/dapr cannot be used: api/dapr ended (exit status 2: panic); ") {
		t.Errorf("a sidecar that died for another reason: %s", got.Text)
	}
	err := d.Check()
	if got := d.Sidecar(t.Context(), "api/dapr", Cause{}, err); !strings.HasPrefix(got.Text, "component file components: ") {
		t.Errorf("no folder: %s", got.Text)
	}
	writeFile(t, filepath.Join(dir, "components", "a.yaml"), "kind: Component\n  name: [")
	err = d.Check()
	if got := d.Sidecar(t.Context(), "api/dapr", Cause{}, err); !strings.HasPrefix(got.Text, "component file components/a.yaml: yaml: line ") {
		t.Errorf("no YAML: %s", got.Text)
	}
}

// TestDiagnoseConversations checks that a daprd without the state store of conversations stops the chat
// alone, and that the way out is named.
func TestDiagnoseConversations(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := newDoctor(dir)
	writeFile(t, filepath.Join(dir, "components", "kafka-pubsub.yaml"), "kind: Component\nmetadata: {name: kafka-pubsub}\nspec: {type: pubsub.some}")
	got := d.Sidecar(t.Context(), "assistant/dapr", Cause{component: "conversations", reason: "couldn't find state store state.postgresql/v2"}, errors.New("it ended"))
	want := "component conversations (dapr/state): there is no type state.postgresql/v2 in the daprd that is built here: " +
		"start again with DAPRD=PATH, a full daprd such as `dapr init` installs; the chat does not answer until this problem is solved; everything else works"
	if got.Text != want {
		t.Errorf("got  %s\nwant %s", got.Text, want)
	}
}

// newDoctor returns a doctor for a repository in dir.
func newDoctor(dir string) *Doctor {
	return NewDoctor(Config{
		Root: dir, Folder: filepath.Join(dir, "components"), SecretsFile: filepath.Join(dir, "secrets.json"), Broker: "nats",
	})
}

func writeFile(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
