package config

import (
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"

	"taskmaster/internal/testkit"
)

// TestDatabaseAddress checks that the services find the authority of the database's certificate, and that a
// changed one restarts them.
func TestDatabaseAddress(t *testing.T) {
	t.Parallel()
	const address = "postgres://u:p%40ss@db:6543/x?sslmode=verify-full"
	load := func(authority string) *Config {
		s := good()
		s.secrets["databaseURL"] = address
		if authority != "" {
			s.secrets["databaseCA"] = authority
		}
		c, err := Load(s, "taskmaster", machine)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if got := load("").DatabaseAddress().value; got != address {
		t.Errorf("without an authority: got %s, want %s", got, address)
	}
	c := load(string(testkit.NewAuthority(t).PEM))
	if got, want := c.DatabaseAddress().value, address+"&sslrootcert=%2Fdatabase%2Fca.crt"; got != want {
		t.Errorf("with an authority: got %s, want %s", got, want)
	}
	if c.Checksum() == load(string(testkit.NewAuthority(t).PEM)).Checksum() {
		t.Error("another authority has the same checksum")
	}
}

func TestInvalidDatabaseCA(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://u:p@db/x?sslmode=verify-full": "databaseCA: holds no certificate in PEM format",
		"postgres://u:p@db/x?sslmode=require":     "databaseCA: has no effect without sslmode=verify-full in databaseURL",
	} {
		s := good()
		s.secrets["databaseURL"], s.secrets["databaseCA"] = address, "secret-password"
		_, err := Load(s, "taskmaster", machine)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret-password") {
			t.Errorf("%s: got %v, want %q", address, err, want)
		}
	}
}

// TestPeakConnections counts the pods of an upgrade: one more than the replicas, and one that stops.
func TestPeakConnections(t *testing.T) {
	t.Parallel()
	s := good()
	s.values["environment"] = "staging"
	s.values["app"] = `{"publicURL": "https://tasks.example.com", "replicas": {"api": 1, "live": 2}, "autoscaling": true, "maxReplicas": {"notifier": 3}}`
	c, err := Load(s, "taskmaster", machine)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"api": 2 * 9, "live": 4 * 3, "notifier": 5 * 5, "assistant": 2 * 2}
	if got := c.PeakConnections(); !maps.Equal(got, want) {
		t.Errorf("the connections are %v, want %v", got, want)
	}
}

// TestConnectionsOfTheSidecar compares the number with that of the component's file.
func TestConnectionsOfTheSidecar(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../dapr/state/conversations.yaml")
	if want := fmt.Sprintf("- name: maxConns\n      value: %q", strconv.Itoa(sidecarConnections)); err != nil || !strings.Contains(string(raw), want) {
		t.Errorf("the file lacks %q: %v", want, err)
	}
}

func TestDatabasePort(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]int{"postgres://u:p@db/x": 5432, "postgres://u:p@db:6543/x?sslmode=verify-full": 6543} {
		s := good()
		s.secrets["databaseURL"] = url
		c, err := Load(s, "taskmaster", machine)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.DatabasePort(); got != want {
			t.Errorf("%s: got port %d, want %d", url, got, want)
		}
	}
}
