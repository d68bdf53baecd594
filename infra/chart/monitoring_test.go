//go:build !race

package chart

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	configuration "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestTracesOfServicesAndSidecars checks that services and sidecars send their spans to the receiver, with the
// header of its secret, and to nobody by default.
func TestTracesOfServicesAndSidecars(t *testing.T) {
	t.Parallel()
	type traces struct {
		endpoint, rate string
		secure         bool
		headers        string
	}
	for values, want := range map[string]traces{
		"smallest": {rate: "0.1"},
		"large":    {endpoint: "collector.monitoring:4318", rate: "0.25"},
		"traced":   {endpoint: "otlp.example.com:4317", rate: "0.1", secure: true, headers: "OTEL_EXPORTER_OTLP_HEADERS=collector:headers"},
	} {
		m := install(t, valueSets[values])
		tracing := get[*configuration.Configuration](m, "Configuration/taskmaster").Spec.TracingSpec
		got := traces{rate: tracing.SamplingRate}
		if o := tracing.Otel; o != nil {
			got.endpoint, got.secure = o.EndpointAddress, *o.IsSecure
			if o.Protocol != "http" {
				t.Errorf("%s: the sidecars speak %q", values, o.Protocol)
			}
		}
		got.headers = want.headers // those of each pod are compared below
		if got != want {
			t.Errorf("%s: the sidecars have %+v, want %+v", values, got, want)
		}
		for name, d := range all[*appsv1.Deployment](m) {
			if headers := d.Spec.Template.Annotations["dapr.io/env-from-secret"]; name != "web" && headers != want.headers {
				t.Errorf("%s: the sidecar of %s has the headers %q, want %q", values, name, headers, want.headers)
			}
			var secret string
			for _, v := range container(t, m, name).Env {
				if v.Name == "OTEL_EXPORTER_OTLP_HEADERS" {
					secret = fmt.Sprintf("%s=%s:%s", v.Name, v.ValueFrom.SecretKeyRef.Name, v.ValueFrom.SecretKeyRef.Key)
				}
			}
			if secret != want.headers {
				t.Errorf("%s: %s has the headers %q, want %q", values, name, secret, want.headers)
			}
		}
	}
}

// TestMonitorsFindEveryMetric checks that the monitors name ports that exist, that the policies let Prometheus reach
// them, and that nothing is scraped by default.
func TestMonitorsFindEveryMetric(t *testing.T) {
	t.Parallel()
	if got := all[*podMonitor](install(t, valueSets["smallest"])); len(got) > 0 {
		t.Errorf("by default there are monitors %v", got)
	}
	m := install(t, valueSets["large"])
	numbers := map[string]int{"dapr-metrics": 9090} // the injector adds this port
	prometheus := end{name: "prometheus", namespace: "monitoring"}
	got := map[string][]string{}
	for name, monitor := range all[*podMonitor](m) {
		if name == "dapr" {
			if diff := cmp.Diff([]string{"dapr-system"}, monitor.Spec.NamespaceSelector.MatchNames); diff != "" {
				t.Errorf("namespaces of Dapr (-want +got):\n%s", diff)
			}
			continue
		}
		if monitor.Labels["release"] != "prometheus" || monitor.Spec.JobLabel != "app.kubernetes.io/component" {
			t.Errorf("%s: labels %v and label of jobs %q", name, monitor.Labels, monitor.Spec.JobLabel)
		}
		for _, pod := range m.pods() {
			if selects(t, &monitor.Spec.Selector, pod.meta.Labels) != (pod.name == name) {
				t.Errorf("the monitor %s and the pods of %s do not match", name, pod.name)
			}
		}
		for _, p := range container(t, m, name).Ports {
			numbers[p.Name] = int(p.ContainerPort)
		}
		for _, e := range monitor.Spec.PodMetricsEndpoints {
			got[name] = append(got[name], e.Port)
			if !m.allowed(prometheus, m.end(name), numbers[e.Port]) {
				t.Errorf("%s: the policies keep Prometheus from port %s", name, e.Port)
			}
			if e.Path != "/metrics" || e.Interval != "1m" {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
	want := map[string][]string{"web": {"metrics"}}
	for _, service := range services[:len(services)-1] {
		want[service] = []string{"http", "dapr-metrics"}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scraped ports (-want +got):\n%s", diff)
	}
}

// TestRulesAreThoseOfTheFile checks that the operator of Prometheus gets every alert of the file, and only if it is
// wanted.
func TestRulesAreThoseOfTheFile(t *testing.T) {
	t.Parallel()
	if got := all[*prometheusRule](install(t, valueSets["smallest"])); len(got) > 0 {
		t.Errorf("by default there are rules %v", got)
	}
	rule := get[*prometheusRule](install(t, valueSets["large"]), "PrometheusRule/taskmaster")
	file, err := os.ReadFile("monitoring/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := new(prometheusRule)
	if err := yaml.UnmarshalStrict(file, &want.Spec); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Spec, rule.Spec); diff != "" || len(want.Spec.Groups) == 0 {
		t.Errorf("rules (-file +object):\n%s", diff)
	}
	if rule.Labels["release"] != "prometheus" {
		t.Errorf("the labels are %v", rule.Labels)
	}
}

// TestDashboardsAreThoseOfTheFolder checks that Grafana's sidecar finds every dashboard, and none by default.
func TestDashboardsAreThoseOfTheFolder(t *testing.T) {
	t.Parallel()
	if got := all[*corev1.ConfigMap](install(t, valueSets["smallest"])); len(got) > 0 {
		t.Errorf("by default there are %d dashboards", len(got))
	}
	got := map[string]string{}
	for name, c := range all[*corev1.ConfigMap](install(t, valueSets["large"])) {
		if c.Labels["grafana_dashboard"] != "1" {
			t.Errorf("%s: the labels are %v", name, c.Labels)
		}
		maps.Copy(got, c.Data)
	}
	files, err := filepath.Glob("monitoring/dashboards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want["taskmaster-"+filepath.Base(name)] = string(content)
	}
	trim := cmp.Transformer("trim", strings.TrimSpace)
	if diff := cmp.Diff(want, got, trim); diff != "" || len(want) == 0 {
		t.Errorf("dashboards (-files +objects):\n%s", diff)
	}
}
