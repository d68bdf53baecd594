//go:build !race

package chart

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// documented returns the connections in the table of README.md, as from>to:port. The port any
// stands for every port.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "| from | to | ports |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	connections := map[string]bool{}
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), "|")
		if len(cells) != 3 {
			t.Fatalf("README.md: %q is not from, to and ports", row)
		}
		list := func(cell string) []string { return strings.Split(strings.ReplaceAll(cell, " ", ""), ",") }
		for _, from := range list(cells[0]) {
			for _, to := range list(cells[1]) {
				for _, port := range list(cells[2]) {
					connections[from+">"+to+":"+port] = true
				}
			}
		}
	}
	return connections
}

// portsTried are the ports of all programs involved, and two that none uses.
var portsTried = []int{25, 53, 443, 3500, 3501, 4222, 4318, 4443, 5432, 5671, 6379, 6500, 8080, 9090, 9092, 9093, 9464, 50001, 50002, 50005, 50006}

// TestPoliciesAllowTheDocumentedConnections tries every connection between the release's pods and
// their surroundings. Exactly the documented ones are allowed on every broker, with database and
// broker outside the cluster and inside, with and without Cilium's rule for addresses of pods.
func TestPoliciesAllowTheDocumentedConnections(t *testing.T) {
	t.Parallel()
	connections := documented(t)
	const shared = `
publicURL: https://tasks.example.com
tokens: {secretName: tokens}
metrics: {namespace: monitoring}
notifier: {allowNetworks: [10.20.0.0/16]}
backup: {enabled: true, claimName: archive}
`
	around := []end{
		{name: "anyone", address: "10.0.0.9"}, {name: "public", address: "198.51.100.9"}, {name: "allowed", address: "10.20.0.5"},
		{name: "metadata", address: "169.254.42.1"}, {name: "dns", namespace: "kube-system", address: "10.244.1.2"},
		{name: "dapr", namespace: "dapr-system", address: "10.244.1.3"}, {name: "monitoring", namespace: "monitoring", address: "10.244.1.4"},
		{name: "stranger", namespace: "other", address: "10.244.1.5"},
	}
	type place struct {
		values string
		ends   []end
	}
	places := map[string]place{}
	for kind, broker := range brokerKinds {
		places[kind+" outside"] = place{
			"database: {secretName: neon, networks: [192.0.2.7/32]}\n" +
				"broker: {kind: " + kind + ", networks: [10.9.0.8/32], " + broker.values + "}\n" +
				`traces: {endpoint: "https://collector.example.com:4318", networks: [10.9.0.9/32]}`,
			[]end{{name: "database", address: "192.0.2.7"}, {name: kind, address: "10.9.0.8"}, {name: "collector", address: "10.9.0.9"}},
		}
		places[kind+" inside"] = place{
			"database: {secretName: neon, namespace: postgres}\n" +
				"broker: {kind: " + kind + ", namespace: broker, " + broker.values + "}\n" +
				`traces: {endpoint: "http://collector.telemetry:4318", namespace: telemetry}`,
			[]end{
				{name: "database", namespace: "postgres", address: "10.244.1.6"},
				{name: kind, namespace: "broker", address: "10.244.1.7"}, {name: "collector", namespace: "telemetry", address: "10.244.1.8"},
			},
		}
	}
	for name, place := range places {
		m := install(t, shared+place.values)
		ends := slices.Concat(around, place.ends)
		var pods []string
		for _, pod := range m.pods() {
			e := m.end(pod.name)
			e.address = fmt.Sprintf("10.244.0.%d", len(pods)+1)
			pods, ends = append(pods, pod.name), append(ends, e)
		}
		for plugin, m := range map[string]manifest{"addresses of pods": m, "Cilium": m.cilium()} {
			for _, from := range ends {
				for _, to := range ends {
					if !slices.Contains(pods, from.name) && !slices.Contains(pods, to.name) {
						continue // not a connection of this release
					}
					for _, port := range portsTried {
						want := expected(connections, from, to, port)
						if got := m.allowed(from, to, port); got != want {
							t.Errorf("%s, %s: %s>%s:%d: allowed is %t, want %t", name, plugin, from.name, to.name, port, got, want)
						}
					}
				}
			}
		}
	}
}

// expected reports whether a connection is documented. Anyone means every end outside the release,
// and a public address includes the database in one of the places.
func expected(connections map[string]bool, from, to end, port int) bool {
	number := strconv.Itoa(port)
	targets := []string{to.name}
	if to.address == "192.0.2.7" {
		targets = append(targets, "public")
	}
	if to.name == "metadata" { // the range of caches on the node
		targets = []string{"dns"}
		if port != 53 {
			return false
		}
	}
	sources := []string{from.name}
	if from.namespace != namespace {
		sources = append(sources, "anyone")
	}
	for _, source := range sources {
		for _, target := range targets {
			if connections[source+">"+target+":"+number] || connections[source+">"+target+":any"] {
				return true
			}
		}
	}
	return false
}
