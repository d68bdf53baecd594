//go:build !race

package chart

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

// TestBadValuesAreNamed checks that the error names each invalid value and a remedy.
func TestBadValuesAreNamed(t *testing.T) {
	t.Parallel()
	image := func(value string) string {
		return base + "images: {api: '" + value + "', recurring: x, notifier: x, live: x, assistant: x, web: x}\n"
	}
	tests := map[string]struct {
		values string
		want   []string
	}{
		"nothing": {"images: {}", []string{
			"images.api is missing", "images.web is missing", "by digest", "publicURL", "https://tasks.example.com",
			"database.secretName is missing", "broker.secretName is missing", "tokens.secretName is missing", "kubectl create secret",
			"broker.addresses is empty", "host:port",
		}},
		"tag":               {image("example.com/api:1.2"), []string{"images.api", "example.com/api:1.2", "by digest", "crane digest"}},
		"latest":            {image("example.com/api:latest"), []string{"images.api", "latest", "by digest"}},
		"tag and digest":    {image("example.com/api:latest@sha256:" + strings.Repeat("0", 64)), []string{"images.api", "latest", "by digest alone"}},
		"short digest":      {image("example.com/api@sha256:0123"), []string{"images.api", "by digest"}},
		"path in URL":       {strings.Replace(base, "example.com", "example.com/tasks", 1), []string{"publicURL", "example.com/tasks"}},
		"no scheme":         {strings.Replace(base, "https://", "", 1), []string{"publicURL", "scheme"}},
		"TLS without https": {strings.Replace(base, "https://", "http://", 1) + "web: {tls: {secretName: cert}}", []string{"publicURL", "web.tls"}},
		"own variable":      {base + "env: {api: {DATABASE_URL: 'postgres://me:secret@host/db'}}", []string{"env.api.DATABASE_URL"}},
		"sleep and scale":   {strings.Replace(base, "neon", "neon, sleeps: true", 1) + "autoscaling: {enabled: true}", []string{"database.sleeps", "autoscaling.enabled"}},
		"too few at most":   {base + "autoscaling: {enabled: true, maxReplicas: {api: 1}}", []string{"replicas.api", "autoscaling.maxReplicas.api"}},
		"token of NATS":     {onBroker("nats", `addresses: ["a:4222"]`), []string{"broker.secretName is missing", "token and ca.crt"}},
		"URL of RabbitMQ":   {onBroker("rabbitmq", `addresses: ["a:5671"]`), []string{"broker.secretName is missing", "url and ca.crt"}},
		"two Redis":         {onBroker("redis", `addresses: ["a:6379", "b:6379"], secretName: x`), []string{"broker.addresses", "2 entries", "redis"}},
		"Kafka in plain":    {onBroker("kafka", `addresses: ["a:9092"], secretName: x, tls: false`), []string{"broker.tls", "kafka-plaintext"}},
		"plain with TLS":    {onBroker("kafka-plaintext", `addresses: ["a:9092"]`), []string{"broker.tls", "set broker.tls to false"}},
		"plain at amqps":    {onBroker("rabbitmq", `addresses: ["a:5671"], secretName: x, tls: false`), []string{"a:5671", "set broker.tls to true", "amqps://"}},
		"TLS at amqp":       {onBroker("rabbitmq", `addresses: ["a:5672"], secretName: x`), []string{"a:5672", "use port 5671", "amqp://"}},
		"traces anywhere":   {base + `traces: {endpoint: "http://a:4318"}`, []string{"traces.endpoint", "traces.namespace", "traces.networks"}},
		"traces nowhere":    {base + "traces: {namespace: monitoring}", []string{"traces.endpoint is empty", "http://collector"}},
		"nobody scrapes":    {base + "metrics: {podMonitor: {enabled: true}}", []string{"metrics.podMonitor.enabled", "set metrics.namespace"}},
		// The schema detects the following cases.
		"unknown value":   {base + "replica: {api: 3}", []string{"replica"}},
		"unknown service": {base + "replicas: {apis: 3}", []string{"replicas", "apis"}},
		"no replicas":     {base + "replicas: {api: 0}", []string{"/replicas/api"}},
		"unknown broker":  {onBroker("mqtt", "secretName: x"), []string{"/broker/kind", "kafka", "nats", "redis", "rabbitmq"}},
		"broker URL":      {strings.Replace(base, "one.example.com:9093", "kafka://one.example.com", 1), []string{"/broker/addresses/0"}},
		"secret's name":   {strings.Replace(base, "neon", "Neon DB", 1), []string{"/database/secretName"}},
		"no network":      {base + "podNetworks: [10.0.0.1]", []string{"/podNetworks/0"}},
		"no limit":        {base + "resources: {api: {limits: {memory: lots}}}", []string{"/resources/api/limits/memory"}},
		"no claim":        {base + "backup: {enabled: true}", []string{"backup.claimName is missing", "PersistentVolumeClaim", "tasks"}},
		"schedule":        {base + "backup: {enabled: true, schedule: nightly}", []string{"/backup/schedule"}},
		"bad schedule":    {base + "backup: {enabled: true, claimName: archive, schedule: '15 3 * * ?!'}", []string{"backup.schedule", "15 3 * * ?!", "15 3 * * *"}},
		"keep nothing":    {base + "backup: {enabled: true, keep: 0}", []string{"/backup/keep"}},
		"path of traces":  {base + `traces: {endpoint: "https://a:443/otlp", namespace: b}`, []string{"/traces/endpoint"}},
		"sampling":        {base + "traces: {sampling: 2}", []string{"/traces/sampling"}},
		"number":          {base + "env: {api: {RATE_PER_MINUTE: 600}}", []string{"/env/api/RATE_PER_MINUTE"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := render(t, test.values)
			if err == nil {
				t.Fatal("the chart accepts the values")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not contain %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "me:secret") {
				t.Errorf("the error contains a secret: %v", err)
			}
		})
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	for name, values := range valueSets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, message := range lint.AllWithKubeVersion(".", parse(t, values), namespace, nil).Messages {
				if message.Severity >= support.WarningSev {
					t.Error(message)
				}
			}
		})
	}
}

// TestOnlyTheChartIsPackaged checks that files outside the chart are not uploaded with every
// release.
func TestOnlyTheChartIsPackaged(t *testing.T) {
	t.Parallel()
	chart, err := loader.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range chart.Raw {
		allowed := false
		for _, prefix := range []string{
			"Chart.yaml", "values.yaml", "values.schema.json", ".helmignore", "templates/",
			"dapr/components/", "dapr/configuration/", "dapr/resiliency/", "dapr/state/", "dapr/subscriptions/", "monitoring/",
		} {
			allowed = allowed || strings.HasPrefix(file.Name, prefix)
		}
		if !allowed {
			t.Errorf("%s is packaged", file.Name)
		}
	}
}

// TestSchemaAndValuesNameTheSame checks that every value has a default and is in the schema, and
// that the schema has no other values.
func TestSchemaAndValuesNameTheSame(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	chart, err := loader.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	var compare func(path string, schema, value any)
	compare = func(path string, schema, value any) {
		s, _ := schema.(map[string]any)
		properties, _ := s["properties"].(map[string]any)
		values, isMap := value.(map[string]any)
		if properties == nil || !isMap {
			return
		}
		for name := range properties {
			if _, ok := values[name]; !ok && name != "global" {
				t.Errorf("%s%s has no default", path, name)
			}
		}
		for name, inner := range values {
			if _, ok := properties[name]; !ok {
				t.Errorf("%s%s is not in the schema", path, name)
			}
			compare(path+name+".", properties[name], inner)
		}
	}
	compare("", schema, chart.Values)

	// An unknown name must be an error at every level.
	var closed func(path string, schema any)
	closed = func(path string, schema any) {
		s, _ := schema.(map[string]any)
		if s["properties"] != nil && s["additionalProperties"] != false {
			t.Errorf("%s accepts any value", path)
		}
		for name, inner := range s {
			closed(path+"/"+name, inner)
		}
	}
	closed("", schema)
}

// TestAssistantOff shows that the assistant can be switched off, with nothing left of it.
func TestAssistantOff(t *testing.T) {
	t.Parallel()
	m := install(t, base+"assistant: {enabled: false}\n")
	for _, pod := range m.pods() {
		if pod.name == "assistant" {
			t.Error("the assistant runs")
		}
	}
	if m.objects["Component/conversations"] != nil {
		t.Error("there is a state store for conversations")
	}
	for _, variable := range container(t, m, "web").Env {
		if variable.Name == "ASSISTANT_URL" {
			t.Errorf("web asks the assistant at %s", variable.Value)
		}
	}
}
