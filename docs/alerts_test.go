package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"taskmaster/infra/dashboards"
)

// foreignMetrics are the metrics of others that alerts and dashboards use: those of Prometheus, of its
// client for Go, and of Dapr 1.18 (https://docs.dapr.io/operations/observability/metrics/).
var foreignMetrics = map[string]bool{
	"up": true, "dapr_sentry_issuercert_expiry_timestamp": true,
	"process_cpu_seconds_total": true, "process_resident_memory_bytes": true, "go_goroutines": true,
}

var (
	// queryNoise matches the parts of a query that name no metric: comments, label matchers, texts, ranges, and lists of
	// labels.
	queryNoise = regexp.MustCompile(`\{[^}]*\}|"[^"]*"|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right) *\([^)]*\)`)
	queryName  = regexp.MustCompile(`[a-z_][a-z0-9_]*(?:\s*\()?`)
	// keywords are the words of PromQL between metrics.
	keywords   = regexp.MustCompile(`^(?:and|or|unless|offset|bool)$`)
	histograms = regexp.MustCompile(`_(?:bucket|count|sum)$`)
)

// metricsIn returns the names of the metrics in a query.
func metricsIn(query string) (names []string) {
	for _, name := range queryName.FindAllString(queryNoise.ReplaceAllString(query, " "), -1) {
		if trimmed := strings.TrimSpace(name); !strings.HasSuffix(name, "(") && !keywords.MatchString(trimmed) && len(trimmed) > 1 {
			names = append(names, trimmed)
		}
	}
	return names
}

// checkQuery fails if a query names a metric that metrics.md does not list.
func checkQuery(t *testing.T, where, query string) {
	t.Helper()
	listed := readText(t, "docs/metrics.md")
	names := metricsIn(query)
	if len(names) == 0 {
		t.Errorf("%s names no metric: %s", where, query)
	}
	for _, name := range names {
		base := histograms.ReplaceAllString(name, "")
		if !foreignMetrics[name] && !strings.Contains(listed, "| `"+name+"` |") && !strings.Contains(listed, "| `"+base+"` | histogram |") {
			t.Errorf("%s names %s, which docs/metrics.md does not list", where, name)
		}
	}
}

// TestDashboardsHaveMetrics fails when a panel names a metric that does not exist.
func TestDashboardsHaveMetrics(t *testing.T) {
	t.Parallel()
	for _, d := range dashboards.All() {
		for _, p := range d.Panels {
			checkQuery(t, d.Title+", "+p.Title, p.Query)
		}
	}
}

func TestMetricsInAQuery(t *testing.T) {
	t.Parallel()
	query := `sum by (job) (rate(a_total{x="y_z"}[5m])) / on (job) a_seconds_count unless b_total offset 15m > 1 and absent(up == 1)`
	if got := strings.Join(metricsIn(query), " "); got != "a_total a_seconds_count b_total up" {
		t.Errorf("the metrics are %q", got)
	}
}

// TestAlertsHaveMetricsAndRunbooks fails when an alert names a metric that does not exist, or when its runbook is no
// section of operations.md. A section of an alert that is gone fails too.
func TestAlertsHaveMetricsAndRunbooks(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../infra/chart/monitoring/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(source, &file); err != nil {
		t.Fatal(err)
	}
	operations := readText(t, "docs/operations.md")
	_, sections, _ := strings.Cut(operations, "\n## Alerts\n")
	runbooks := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^### (TaskMaster\w+)$`).FindAllStringSubmatch(sections, -1) {
		runbooks[heading[1]] = true
	}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			checkQuery(t, rule.Alert, rule.Expr)
			if !runbooks[rule.Alert] {
				t.Errorf("%s has no runbook in operations.md", rule.Alert)
			}
			delete(runbooks, rule.Alert)
			if want := "docs/operations.md#" + strings.ToLower(rule.Alert); rule.Annotations["runbook"] != want {
				t.Errorf("the runbook of %s is %q, want %q", rule.Alert, rule.Annotations["runbook"], want)
			}
			if rule.Annotations["summary"] == "" || rule.Labels["severity"] == "" {
				t.Errorf("%s has no summary or no severity", rule.Alert)
			}
		}
	}
	for name := range runbooks {
		t.Errorf("operations.md has a runbook for %s, which is no alert", name)
	}
}
