package main

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
)

// writeRabbitFiles writes what RabbitMQ reads when it starts.
func (p plan) writeRabbitFiles() error {
	dir := p.brokerDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	definitions, err := p.rabbitDefinitions()
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"rabbitmq.conf":    p.rabbitSettings(),
		"definitions.json": string(definitions),
		"advanced.config":  rabbitAdvanced,
		"enabled_plugins":  "[].\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return writeErlangCookie(filepath.Join(dir, ".erlang.cookie"))
}

// writeErlangCookie makes what lets Erlang's tools administer the server, once.
func writeErlangCookie(file string) error {
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return os.WriteFile(file, []byte(rand.Text()), 0o400)
	}
	return err
}

// rabbitAdvanced: RabbitMQ looks so often, in milliseconds, whether a delivery has been waiting for too long.
const rabbitAdvanced = "[{rabbit, [{channel_tick_interval, 10000}]}].\n"

func (p plan) rabbitSettings() string {
	return strings.Join([]string{
		fmt.Sprintf("listeners.tcp.1 = 127.0.0.1:%d", p.layout.broker),
		"load_definitions = " + filepath.Join(p.brokerDir(), "definitions.json"),
		"log.console = true",
		"log.console.level = warning",
		"log.file = false",
		// A sidecar that stops taking events, because its service is away, keeps those that it had fetched. RabbitMQ takes them
		// back from a sidecar that has not acknowledged one for so long, by ending its channel; the sidecar opens another.
		"consumer_timeout = 30000",
		// Publishers wait when the disk is almost full, and the outbox keeps what they have.
		"disk_free_limit.absolute = 500MB",
		"",
	}, "\n")
}

// rabbitDefinitions are the exchanges and queues that anybody's RabbitMQ needs, and the user that ours has.
func (p plan) rabbitDefinitions() ([]byte, error) {
	file := filepath.Join(p.cfg.root, "dapr", "rabbitmq", "definitions.json")
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var definitions map[string]any
	if err := json.Unmarshal(raw, &definitions); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	maps.Copy(definitions, map[string]any{
		"users": []map[string]any{{
			"name": rabbitUser, "password_hash": rabbitHash(p.secrets.BrokerPassword),
			"hashing_algorithm": "rabbit_password_hashing_sha256", "tags": []string{},
		}},
		"permissions": []map[string]any{{
			"user": rabbitUser, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*",
		}},
	})
	return json.MarshalIndent(definitions, "", "  ")
}

// rabbitHash is how RabbitMQ keeps a password: four bytes of salt, and the SHA-256 of them and the password.
func rabbitHash(password string) string {
	salt := make([]byte, 4)
	rand.Read(salt) // never fails
	sum := sha256.Sum256(append(salt, password...))
	return base64.StdEncoding.EncodeToString(append(salt, sum[:]...))
}
