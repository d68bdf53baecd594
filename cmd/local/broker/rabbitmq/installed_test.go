//go:build brokers

// This test needs rabbitmq-server on the machine and fails without: make test-servers.

package rabbitmq

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/broker/brokertest"
)

func TestInstalledRabbitMQ(t *testing.T) {
	t.Parallel()
	b := New(brokertest.Config(t, nil))
	if err := b.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(b.config.Dir, name) }
	brokertest.CheckSecret(t, b.Program(), in("definitions.json"), in("rabbitmq.conf"), in(".erlang.cookie"))

	raw, err := os.ReadFile(in("definitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), brokertest.Password) {
		t.Error("the definitions contain the password itself")
	}
	var definitions struct {
		Users []struct {
			Name string
			Hash string `json:"password_hash"`
		}
		Exchanges []struct{ Name string }
	}
	if err := json.Unmarshal(raw, &definitions); err != nil {
		t.Fatal(err)
	}
	var exchanges []string
	for _, e := range definitions.Exchanges {
		exchanges = append(exchanges, e.Name)
	}
	if !slices.Equal(exchanges, broker.Topics()) {
		t.Errorf("there are exchanges for %v, want %v", exchanges, broker.Topics())
	}
	if len(definitions.Users) != 1 || definitions.Users[0].Name != user {
		t.Fatalf("the users are %+v", definitions.Users)
	}
	hash, err := base64.StdEncoding.DecodeString(definitions.Users[0].Hash)
	if err != nil || len(hash) != 4+sha256.Size {
		t.Fatalf("the password's hash has %d bytes: %v", len(hash), err)
	}
	if sum := sha256.Sum256(append(slices.Clone(hash[:4]), brokertest.Password...)); !slices.Equal(sum[:], hash[4:]) {
		t.Error("the hash is not of the password")
	}
}
