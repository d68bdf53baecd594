//go:build brokers

// This test needs redis-server on the machine and fails without: make test-servers.

package redis

import (
	"os"
	"strings"
	"testing"

	"taskmaster/cmd/local/broker/brokertest"
)

func TestInstalledRedis(t *testing.T) {
	t.Parallel()
	b := New(brokertest.Config(t, nil))
	if err := b.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	brokertest.CheckSecret(t, b.Program(), b.configFile())
	settings, err := os.ReadFile(b.configFile())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"bind 127.0.0.1\n", "appendonly yes\n", "appendfsync always\n", "maxmemory-policy noeviction\n",
		`requirepass "` + brokertest.Password + "\"\n",
	} {
		if !strings.Contains(string(settings), want) {
			t.Errorf("the settings lack %q", want)
		}
	}
}
