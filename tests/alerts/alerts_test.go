//go:build alerts

// Package alerts tests the rules and scrape jobs of the chart with Prometheus's own programs.
package alerts

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// The files of the chart.
const (
	rules  = "../../infra/chart/monitoring/rules.yaml"
	scrape = "../../infra/chart/monitoring/scrape.yaml"
	units  = "rules.test.yaml"
)

// TestPromtoolAcceptsTheRules checks rules and scrape jobs, and evaluates every alert at numbers at which it must
// fire and at which it must not.
func TestPromtoolAcceptsTheRules(t *testing.T) {
	t.Parallel()
	for _, arguments := range [][]string{{"check", "rules", rules}, {"check", "config", "--syntax-only", withoutKubernetes(t)}, {"test", "rules", units}} {
		if output, err := exec.CommandContext(t.Context(), "promtool", arguments...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", arguments, err, output)
		}
	}
}

// withoutKubernetes returns a copy of the scrape jobs with fixed targets. Debian builds Prometheus without the
// discovery of Kubernetes.
func withoutKubernetes(t *testing.T) string {
	t.Helper()
	var file struct {
		Jobs []map[string]any `json:"scrape_configs"`
	}
	read(t, scrape, &file)
	for _, job := range file.Jobs {
		if job["kubernetes_sd_configs"] == nil {
			t.Errorf("the job %v finds no pods", job["job_name"])
		}
		delete(job, "kubernetes_sd_configs")
		job["static_configs"] = []any{map[string]any{"targets": []string{"127.0.0.1:1"}}}
	}
	content, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// read reads a file of YAML.
func read(t *testing.T, name string, to any) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, to); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// TestEveryAlertIsTested checks that each alert has a time at which it fires and one at which it does not.
func TestEveryAlertIsTested(t *testing.T) {
	t.Parallel()
	var file struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	read(t, rules, &file)
	var tests struct {
		Tests []struct {
			Cases []struct {
				Alert string `json:"alertname"`
				Fires []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		}
	}
	read(t, units, &tests)
	type tried struct{ fires, silent bool }
	got, want := map[string]tried{}, map[string]tried{}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			want[rule.Alert] = tried{true, true}
		}
	}
	for _, test := range tests.Tests {
		for _, c := range test.Cases {
			was := got[c.Alert]
			got[c.Alert] = tried{was.fires || len(c.Fires) > 0, was.silent || len(c.Fires) == 0}
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tried{})); diff != "" {
		t.Errorf("tested alerts (-want +got):\n%s", diff)
	}
}
