package rabbitmq

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	dapr "taskmaster/dapr/rabbitmq"
)

// writeFiles writes the files that RabbitMQ reads when it starts.
func (b *Broker) writeFiles() error {
	if err := os.MkdirAll(b.config.Dir, 0o700); err != nil {
		return fmt.Errorf("create the broker's folder: %w", err)
	}
	definitions, err := b.definitions()
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"rabbitmq.conf":    b.settings(),
		"definitions.json": string(definitions),
		"advanced.config":  advancedConfig,
		"enabled_plugins":  "[].\n",
	} {
		if err := os.WriteFile(filepath.Join(b.config.Dir, name), []byte(content), 0o600); err != nil {
			return fmt.Errorf("write RabbitMQ's configuration: %w", err)
		}
	}
	return writeErlangCookie(filepath.Join(b.config.Dir, ".erlang.cookie"))
}

// writeErlangCookie creates the secret with which Erlang's tools administer the server, once.
func writeErlangCookie(file string) error {
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.WriteFile(file, []byte(rand.Text()), 0o400)
	}
	if err != nil {
		return fmt.Errorf("create Erlang's cookie: %w", err)
	}
	return nil
}

// advancedConfig sets the interval, in milliseconds, at which RabbitMQ checks consumer_timeout.
const advancedConfig = "[{rabbit, [{channel_tick_interval, 10000}]}].\n"

func (b *Broker) settings() string {
	return strings.Join([]string{
		fmt.Sprintf("listeners.tcp.1 = 127.0.0.1:%d", b.config.Ports[0]),
		"load_definitions = " + filepath.Join(b.config.Dir, "definitions.json"),
		"log.console = true",
		"log.console.level = warning",
		"log.file = false",
		// A sidecar stops taking events while its service is away, but keeps those that it has fetched.
		// After this time in milliseconds without an acknowledgement RabbitMQ takes them back. It closes
		// the sidecar's channel, and the sidecar opens another.
		"consumer_timeout = 30000",
		// Publishers wait when the disk is almost full, and the outbox keeps their events.
		"disk_free_limit.absolute = 500MB",
		"",
	}, "\n")
}

// definitions returns the exchanges and queues that every RabbitMQ needs, and the user of this one.
func (b *Broker) definitions() ([]byte, error) {
	var definitions map[string]any
	if err := json.Unmarshal(dapr.Definitions, &definitions); err != nil {
		return nil, fmt.Errorf("read RabbitMQ's definitions: %w", err)
	}
	maps.Copy(definitions, map[string]any{
		"users": []map[string]any{{
			"name": user, "password_hash": hashPassword(b.config.Password),
			"hashing_algorithm": "rabbit_password_hashing_sha256", "tags": []string{},
		}},
		"permissions": []map[string]any{{
			"user": user, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*",
		}},
	})
	return json.MarshalIndent(definitions, "", "  ")
}

// hashPassword returns a password in RabbitMQ's format: four bytes of salt, then the SHA-256 of salt
// and password.
func hashPassword(password string) string {
	salt := make([]byte, 4)
	rand.Read(salt) // never fails
	sum := sha256.Sum256(append(salt, password...))
	return base64.StdEncoding.EncodeToString(append(salt, sum[:]...))
}
