//go:build brokers

// The tests here need redis-server and rabbitmq-server on the machine: make test-servers. They fail without.

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRedisOfOurs(t *testing.T) {
	t.Parallel()
	p := brokerPlan(t, "redis", nil)
	if err := p.cfg.broker.prepare(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	checkKept(t, p, p.cfg.broker.spec(p), p.redisConfig())
	settings, err := os.ReadFile(p.redisConfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"bind 127.0.0.1\n", "appendonly yes\n", "appendfsync always\n", "maxmemory-policy noeviction\n", `requirepass "` + p.secrets.BrokerPassword + "\"\n"} {
		if !strings.Contains(string(settings), want) {
			t.Errorf("the settings lack %q", want)
		}
	}
}

func TestRabbitOfOurs(t *testing.T) {
	t.Parallel()
	p := brokerPlan(t, "rabbitmq", nil)
	if err := p.cfg.broker.prepare(t.Context(), p, nil); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(p.brokerDir(), name) }
	checkKept(t, p, p.cfg.broker.spec(p), in("definitions.json"), in("rabbitmq.conf"), in(".erlang.cookie"))

	raw, err := os.ReadFile(in("definitions.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), p.secrets.BrokerPassword) {
		t.Error("the definitions have the password itself")
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
	if !slices.Equal(exchanges, topics) {
		t.Errorf("there are exchanges for %v, want %v", exchanges, topics)
	}
	if len(definitions.Users) != 1 || definitions.Users[0].Name != rabbitUser {
		t.Fatalf("the users are %+v", definitions.Users)
	}
	hash, err := base64.StdEncoding.DecodeString(definitions.Users[0].Hash)
	if err != nil || len(hash) != 4+sha256.Size {
		t.Fatalf("the password's hash has %d bytes: %v", len(hash), err)
	}
	if sum := sha256.Sum256(append(slices.Clone(hash[:4]), p.secrets.BrokerPassword...)); !slices.Equal(sum[:], hash[4:]) {
		t.Error("the hash is not of the password")
	}
}

// checkKept checks that a broker's password is in the named file alone, which its owner alone can read, and not in what other
// users see of the process.
func checkKept(t *testing.T, p plan, s spec, files ...string) {
	t.Helper()
	for _, visible := range append([]string{s.program, strings.Join(s.args, " ")}, s.env...) {
		if strings.Contains(visible, p.secrets.BrokerPassword) {
			t.Errorf("the password is in %q", visible)
		}
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", file, info.Mode().Perm())
		}
	}
}
