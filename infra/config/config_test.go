package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// source is the configuration of a stack.
type source struct{ values, secrets map[string]string }

func (s source) GetConfig(key string) (string, bool) {
	key = strings.TrimPrefix(key, "taskmaster:")
	if value, ok := s.secrets[key]; ok {
		return value, true
	}
	value, ok := s.values[key]
	return value, ok
}

func (s source) IsConfigSecret(key string) bool {
	_, ok := s.secrets[strings.TrimPrefix(key, "taskmaster:")]
	return ok
}

var machine = Machine{
	Getenv:   func(name string) string { return map[string]string{"HOME": "/home/someone"}[name] },
	ReadFile: func(string) ([]byte, error) { return []byte("apiVersion: v1"), nil },
}

func images() string {
	var all []string
	for _, service := range Services() {
		all = append(all, fmt.Sprintf(`%q: "registry.example.com:5000/taskmaster/%s@sha256:%s"`, service, service, strings.Repeat("a", 64)))
	}
	return "{" + strings.Join(all, ", ") + "}"
}

// good returns a valid configuration of prod.
func good() source {
	return source{
		values: map[string]string{
			"environment": "prod",
			"cloud":       "oke",
			"oke":         `{"region": "eu-frankfurt-1", "compartment": "ocid1.compartment.oc1..x", "kubernetes": "v1.35.2", "apiAllowedCIDRs": ["203.0.113.0/24"]}`,
			"dapr":        `{"ha": true}`,
			"broker":      `{"kind": "redpanda-cloud", "addresses": ["seed.example.com:9092"]}`,
			"app":         `{"publicURL": "https://tasks.example.com", "replicas": {"api": 2, "recurring": 2, "notifier": 2, "live": 2, "assistant": 2, "web": 2}}`,
			"images":      images(),
			"release":     `{"number": 8, "revision": "0123456789abcdef0123456789abcdef01234567"}`,
		},
		secrets: map[string]string{
			"databaseURL": "postgres://user:secret-password@db.example.com/taskmaster", "appToken": strings.Repeat("t", 64),
			"brokerUsername": "user", "brokerPassword": "secret-password",
			"tlsCertificate": "certificate", "tlsKey": "key",
		},
	}
}

// with adds a setting to the section app.
func with(s source, setting string) {
	s.values["app"] = strings.Replace(s.values["app"], "{", "{"+setting+", ", 1)
}

// without returns the configuration without a certificate, and with a section app.tls.
func without(certificate source, tls string) source {
	delete(certificate.secrets, "tlsCertificate")
	delete(certificate.secrets, "tlsKey")
	certificate.values["app"] = strings.Replace(certificate.values["app"], "{", `{"tls": `+tls+`, `, 1)
	return certificate
}

func TestEverySourceOfTLS(t *testing.T) {
	t.Parallel()
	for _, tls := range []string{
		`{"secretName": "web-tls"}`, `{"issuer": "letsencrypt"}`, `{"issuer": "letsencrypt", "issuerSpec": {"selfSigned": {}}}`, `{"terminated": true}`,
	} {
		if _, err := Load(without(good(), tls), "taskmaster", machine); err != nil {
			t.Errorf("%s: %v", tls, err)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	c, err := Load(good(), "taskmaster", machine)
	if err != nil {
		t.Fatal(err)
	}
	if c.Release.Number != 8 || !strings.HasPrefix(c.Release.Revision, "0123") {
		t.Errorf("the release is %+v", c.Release)
	}
	if !c.Protect {
		t.Error("protect is off by default")
	}
	if got := c.OKE.Nodes; got.Shape != "VM.Standard.A1.Flex" || got.OCPUs*float64(got.Count) > 2 || got.MemoryGB*float64(got.Count) > 12 {
		t.Errorf("the default nodes exceed the always-free limits: %+v", got)
	}
	if c.AKS != nil || c.GKE != nil || c.Existing != nil {
		t.Error("sections of other clouds are set")
	}
	if diff := cmp.Diff(Topics{Managed: new(true), Partitions: c.Topics.Partitions, Replication: 3, RetentionHours: 168}, c.Topics); diff != "" {
		t.Errorf("the topics differ (-want +got):\n%s", diff)
	}
	if !*c.CertManager {
		t.Error("cert-manager is not installed by default")
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", c.Secrets, c.Secrets, c.Secrets), "secret-password") {
		t.Error("secrets are printed")
	}
}

func TestLoadOfAnExistingClusterReadsItsKubeconfig(t *testing.T) {
	t.Parallel()
	existing := func(section string, secrets map[string]string, env string) (*Config, string, error) {
		s := good()
		delete(s.values, "oke")
		s.values["cloud"], s.values["existing"] = "existing", section
		maps.Copy(s.secrets, secrets)
		var asked string
		c, err := Load(s, "taskmaster", Machine{
			Getenv: func(name string) string { return map[string]string{"KUBECONFIG": env, "HOME": "/home/someone"}[name] },
			ReadFile: func(file string) ([]byte, error) {
				if asked = file; file == "/missing" {
					return nil, &os.PathError{Op: "open", Path: file, Err: os.ErrNotExist}
				}
				return []byte("of " + file), nil
			},
		})
		return c, asked, err
	}
	for _, test := range []struct {
		name, section, env, want string
		secrets                  map[string]string
	}{
		{"the home's", `{}`, "", "/home/someone/.kube/config", nil},
		{"the variable's", `{}`, "/env", "/env", nil},
		{"the stack's", `{"kubeconfigFile": "/file"}`, "/env", "/file", nil},
		{"the secret", `{"kubeconfigFile": "/file"}`, "/env", "", map[string]string{"kubeconfig": "x"}},
	} {
		c, got, err := existing(test.section, test.secrets, test.env)
		if err != nil || got != test.want || !c.Secrets.Kubeconfig.IsSet() {
			t.Errorf("%s: read %q, want %q (%v)", test.name, got, test.want, err)
		}
	}
	if _, _, err := existing(`{"kubeconfigFile": "/missing"}`, nil, ""); err == nil || !strings.Contains(err.Error(), "/missing") ||
		!strings.Contains(err.Error(), "pulumi config set --secret kubeconfig") {
		t.Errorf("the error is %v", err)
	}
}

// TestLoadRejectsUnknownSettings checks that unknown settings are errors. Pulumi's own settings
// and those of other projects are ignored.
func TestLoadRejectsUnknownSettings(t *testing.T) {
	t.Parallel()
	load := func(all string) error {
		_, err := Load(good(), "taskmaster", Machine{
			Getenv:   func(name string) string { return map[string]string{"PULUMI_CONFIG": all}[name] },
			ReadFile: machine.ReadFile,
		})
		return err
	}
	if err := load(`{"taskmaster:app": "{}", "taskmaster:kubeconfig": "x", "taskmaster:gke": "{}", "aws:region": "eu-west-1", "pulumi:tags": "{}"}`); err != nil {
		t.Errorf("known settings are refused: %v", err)
	}
	err := load(`{"taskmaster:brokr": "secret-password", "taskmaster:databaseUrl": "secret-password"}`)
	for _, want := range []string{
		"brokr: is not a known setting: pulumi config rm brokr",
		"databaseUrl: is not a known setting: pulumi config rm databaseUrl",
		"brokr, databaseUrl: the known settings are ", ", broker, ", ", databaseURL, ",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "secret-password") {
		t.Errorf("the error contains a value: %v", err)
	}
}

func TestLoadNamesProblemsAndRemedies(t *testing.T) {
	t.Parallel()
	const gke = `{"project": "p", "region": "europe-west3", "apiAllowedCIDRs": ["203.0.113.0/24"], `
	for _, test := range []struct {
		name   string
		change func(s source)
		want   []string // all in one line of the error
	}{
		{"unknown cloud", func(s source) { s.values["cloud"] = "aws" }, []string{"cloud", `"aws"`, "existing, oke, aks, gke"}},
		{"no cloud", func(s source) { delete(s.values, "cloud") }, []string{"cloud", "required"}},
		{"no environment", func(s source) { delete(s.values, "environment") }, []string{"environment", "required"}},
		{"another cloud's section", func(s source) { s.values["aks"] = "{}" }, []string{"aks", "no effect", "set cloud to aks"}},
		{"no section", func(s source) { delete(s.values, "oke") }, []string{"oke.compartment", "required"}},
		{"no such field", func(s source) { s.values["dapr"] = `{"ha": true, "replicas": 3}` }, []string{"dapr", "replicas"}},
		{"wrong type", func(s source) { s.values["dapr"] = `{"ha": "yes"}` }, []string{"dapr", "ha", "string"}},
		{"old Dapr", func(s source) { s.values["dapr"] = `{"ha": true, "version": "1.15.13"}` }, []string{"dapr.version: 1.15.13 is older than 1.16.0", "reminders need both"}},
		{"a candidate of the oldest Dapr", func(s source) { s.values["dapr"] = `{"ha": true, "version": "1.16.0-rc.3"}` }, []string{"1.16.0-rc.3 is older than 1.16.0"}},
		{"no version of Dapr", func(s source) { s.values["dapr"] = `{"ha": true, "version": "latest"}` }, []string{"dapr.version", `"latest" is not a version`}},
		{"protect", func(s source) { s.values["protect"] = "perhaps" }, []string{"protect", "perhaps", "true or false"}},
		{"allowUntested", func(s source) { s.values["allowUntested"] = "prod" }, []string{"allowUntested", `"prod"`, "true or false"}},
		{"image with a tag", func(s source) {
			s.values["images"] = strings.Replace(images(), "@sha256:"+strings.Repeat("a", 64), ":latest", 1)
		},
			[]string{"images.api", ":latest", "REPOSITORY@sha256:DIGEST"}},
		{"image missing", func(s source) { s.values["images"] = "{}" }, []string{"images.web", "missing", "pulumi config set --path images.web"}},
		{"image of no service", func(s source) { s.values["images"] = strings.Replace(images(), `"api"`, `"apl"`, 1) }, []string{"images.apl", "unknown service"}},
		{"no broker user", func(s source) { delete(s.secrets, "brokerUsername") }, []string{"brokerUsername", "pulumi config set --secret brokerUsername"}},
		{"no broker password", func(s source) { delete(s.secrets, "brokerPassword") }, []string{"brokerPassword", "pulumi config set --secret brokerPassword"}},
		{"broker password with a colon", func(s source) { s.secrets["brokerPassword"] = "a:b" }, []string{"brokerPassword", "colon"}},
		{"no broker address", func(s source) { s.values["broker"] = `{"kind": "kafka"}` }, []string{"broker.addresses", "host:port"}},
		{"broker address", func(s source) { s.values["broker"] = `{"kind": "kafka", "addresses": ["seed"]}` }, []string{"broker.addresses[0]", `"seed"`, "host:port"}},
		{"unknown broker", func(s source) { s.values["broker"] = `{"kind": "given"}` }, []string{"broker.kind", `"given"`, "strimzi", "kafka", "redis"}},
		{"no token", func(s source) { onBroker(s, `"nats", "addresses": ["a:4222"]`, "") }, []string{"brokerPassword", "nats", "TOKEN"}},
		{"user of NATS", func(s source) { s.values["broker"] = `{"kind": "nats", "addresses": ["a:4222"]}` },
			[]string{"brokerUsername", "nats", "pulumi config rm brokerUsername"}},
		{"user of RabbitMQ", func(s source) { onBroker(s, `"rabbitmq", "addresses": ["a:5671"]`, "secret-password") },
			[]string{"brokerUsername", "rabbitmq", "pulumi config set --secret brokerUsername"}},
		{"two Redis", func(s source) { onBroker(s, `"redis", "addresses": ["a:1", "b:1"]`, "secret-password") },
			[]string{"broker.addresses", "2 entries", "redis"}},
		{"topics of Redis", func(s source) {
			onBroker(s, `"redis", "addresses": ["a:1"]`, "secret-password")
			s.values["topics"] = `{"partitions": 3}`
		}, []string{"topics", "no effect", "redis"}},
		{"operator of NATS", func(s source) {
			onBroker(s, `"nats", "addresses": ["a:1"], "storage": {"size": "1Gi"}`, "secret-password")
		},
			[]string{"broker.storage", "no effect", "nats", "strimzi"}},
		{"topics of another's Kafka", func(s source) {
			s.values["broker"], s.values["topics"] = `{"kind": "kafka", "addresses": ["a:1"]}`, `{"managed": true}`
		}, []string{"topics.managed", "go run ./infra/topics"}},
		{"Kafka in plain", func(s source) { s.values["broker"] = `{"kind": "kafka", "addresses": ["a:1"], "tls": false}` },
			[]string{"broker.tls", "always", "set broker.kind to kafka-plaintext"}},
		{"plain Kafka with TLS", func(s source) { onBroker(s, `"kafka-plaintext", "addresses": ["a:1"], "tls": true`, "") },
			[]string{"broker.tls", "never", "set broker.kind to kafka"}},
		{"password in plain", func(s source) { s.values["broker"] = `{"kind": "kafka-plaintext", "addresses": ["a:1"]}` },
			[]string{"brokerPassword", "not allowed", "kafka-plaintext"}},
		{"plain in prod", func(s source) { onBroker(s, `"nats", "addresses": ["a:1"], "tls": false`, "secret-password") },
			[]string{"broker.tls", "in the clear", "broker.namespace"}},
		{"plain at amqps", func(s source) {
			onBroker(s, `"rabbitmq", "addresses": ["a:5671"], "tls": false, "namespace": "rabbitmq"`, "secret-password")
		}, []string{"broker.tls", "a:5671", "remove broker.tls"}},
		{"TLS at amqp", func(s source) { onBroker(s, `"rabbitmq", "addresses": ["a:5672"]`, "secret-password") },
			[]string{"a:5672", "use port 5671", "broker.tls"}},
		{"virtual host of Redis", func(s source) { onBroker(s, `"redis", "addresses": ["a:1"], "virtualHost": "x"`, "secret-password") },
			[]string{"broker.virtualHost", "redis", "remove"}},
		{"authority without TLS", func(s source) {
			onBroker(s, `"nats", "addresses": ["a:1"], "tls": false, "namespace": "nats"`, "secret-password")
			s.secrets["brokerCA"] = "ca"
		}, []string{"brokerCA", "without TLS"}},
		{"addresses of a broker inside", func(s source) { s.values["broker"] = `{"kind": "strimzi", "addresses": ["a:1"]}` }, []string{"broker.addresses", "strimzi", "remove"}},
		{"two brokers in prod", func(s source) { s.values["broker"] = `{"kind": "strimzi", "replicas": 2}` }, []string{"broker.replicas", "2", "set it to 3"}},
		{"even replication", func(s source) { s.values["topics"] = `{"replication": 2}` }, []string{"topics.replication", "odd", "set it to 3"}},
		{"one copy", func(s source) { s.values["topics"] = `{"replication": 1}` }, []string{"topics.replication", "lose events"}},
		{"short retention", func(s source) { s.values["topics"] = `{"retentionHours": 24}` }, []string{"topics.retentionHours", "24", "168"}},
		{"prod without replicas", func(s source) { s.values["app"] = `{"publicURL": "https://a.example.com", "replicas": {"api": 2}}` },
			[]string{"app.replicas.web", "1", "set it to 2"}},
		{"replicas of no service", func(s source) { s.values["app"] = `{"publicURL": "https://a.example.com", "replicas": {"apl": 2}}` }, []string{"apl", "api"}},
		{"https without a certificate", func(s source) { without(s, `{}`) }, []string{"app.tls", "tlsCertificate", "app.tls.issuer", "app.tls.terminated"}},
		{"certificate beside a proxy", func(s source) {
			s.values["app"] = strings.Replace(s.values["app"], "{", `{"tls": {"terminated": true}, `, 1)
		}, []string{"app.tls", "two sources"}},
		{"issuer beside a proxy", func(s source) { without(s, `{"issuer": "a", "terminated": true}`) }, []string{"app.tls.terminated", "issuer"}},
		{"specification without an issuer", func(s source) { without(s, `{"issuerSpec": {"selfSigned": {}}}`) }, []string{"app.tls.issuerSpec", "has no effect without issuer"}},
		{"prod without TLS", func(s source) { s.values["app"] = strings.Replace(s.values["app"], "https", "http", 1) }, []string{"app.publicURL", "https"}},
		{"prod without HA", func(s source) { delete(s.values, "dapr") }, []string{"dapr.ha", "set it to true"}},
		{"environment of no service", func(s source) { s.values["app"] = `{"publicURL": "https://a.example.com", "env": {"apl": {"A": "b"}}}` }, []string{"apl", "api"}},
		{"no network of webhooks", func(s source) { s.values["app"] = `{"publicURL": "https://a.example.com", "allowNetworks": ["here"]}` },
			[]string{"app.allowNetworks[0]", `"here"`, "10.0.0.0/16"}},
		{"namespace of a broker inside", func(s source) { s.values["broker"] = `{"kind": "strimzi", "namespace": "kafka"}` },
			[]string{"broker.namespace", "strimzi", "remove"}},
		{"namespace and networks", func(s source) { s.values["database"] = `{"namespace": "postgres", "networks": ["10.0.0.0/8"]}` },
			[]string{"database.namespace", "cannot be set together with networks"}},
		{"network of a broker", func(s source) { s.values["broker"] = `{"kind": "kafka", "addresses": ["a:1"], "networks": ["here"]}` },
			[]string{"broker.networks[0]", `"here"`, "10.0.0.0/16"}},
		{"proxy's network", func(s source) { with(s, `"trustedProxies": ["here"]`) }, []string{"app.trustedProxies[0]", `"here"`}},
		{"metrics", func(s source) { with(s, `"metricsNamespace": "Not a name"`) }, []string{"app.metricsNamespace", "Not a name"}},
		{"nobody scrapes", func(s source) { with(s, `"metrics": {"podMonitor": true}`) }, []string{"app.metrics.podMonitor", "app.metricsNamespace"}},
		{"receiver of traces", func(s source) { with(s, `"traces": {"endpoint": "collector:4318", "namespace": "monitoring"}`) },
			[]string{"app.traces.endpoint", `"collector:4318"`, "http://collector"}},
		{"place of the receiver", func(s source) { with(s, `"traces": {"endpoint": "http://collector:4318"}`) },
			[]string{"app.traces", "app.traces.namespace", "app.traces.networks"}},
		{"two places of the receiver", func(s source) {
			with(s, `"traces": {"endpoint": "http://a:4318", "namespace": "b", "networks": ["10.0.0.0/8"]}`)
		}, []string{"app.traces.namespace", "cannot be set together with networks"}},
		{"sampling", func(s source) { with(s, `"traces": {"endpoint": "http://a:4318", "namespace": "b", "sampling": 10}`) },
			[]string{"app.traces.sampling", "more than 1"}},
		{"headers for nobody", func(s source) { s.secrets["tracesHeaders"] = "Authorization=secret-password" }, []string{"app.traces.endpoint", "tracesHeaders"}},
		{"resources of nothing", func(s source) { with(s, `"resources": {"apl": {}}`) }, []string{"apl", "sidecar"}},
		{"processor time", func(s source) { with(s, `"resources": {"api": {"requests": {"cpu": "much"}}}`) },
			[]string{"app.resources[api].requests.cpu", `"much"`, "50m"}},
		{"memory", func(s source) { with(s, `"resources": {"api": {"limits": {"memory": "64"}}}`) },
			[]string{"app.resources[api].limits.memory", `"64"`, "20Gi"}},
		{"maximum without autoscaling", func(s source) { with(s, `"maxReplicas": {"api": 3}`) }, []string{"app.maxReplicas", "autoscaling"}},
		{"maximum below the replicas", func(s source) { with(s, `"autoscaling": true, "maxReplicas": {"web": 1}`) },
			[]string{"app.maxReplicas.web", "1", "app.replicas.web"}},
		{"logins of registries", func(s source) { s.secrets["dockerConfig"] = "secret-password" }, []string{"dockerConfig", "~/.docker/config.json"}},
		{"too many connections", func(s source) { with(s, `"autoscaling": true, "maxReplicas": {"api": 4}`) },
			[]string{"database.maxConnections", "98", "api 54", "more than 90", "app.maxReplicas"}},
		{"large pools", func(s source) { s.values["database"] = `{"connections": {"live": 40}, "maxConnections": 200}` },
			[]string{"database.maxConnections", "live 160", "more than 200"}},
		{"pool by a variable", func(s source) { with(s, `"env": {"api": {"RELAY_CONNS": "24"}}`) },
			[]string{"app.env.api.RELAY_CONNS", "database.connections"}},
		{"sleep and scale", func(s source) { s.values["database"] = `{"sleeps": true}`; with(s, `"autoscaling": true`) },
			[]string{"database.sleeps", "app.autoscaling"}},
		{"pool", func(s source) { s.values["database"] = `{"connections": {"queue": 2}}` }, []string{"database.connections.queue", "less than 3"}},
		{"no database", func(s source) { delete(s.secrets, "databaseURL") }, []string{"databaseURL", "pulumi config set --secret databaseURL"}},
		{"another database", func(s source) { s.secrets["databaseURL"] = "mysql://user:secret-password@db/x" }, []string{"databaseURL", "postgres://"}},
		{"plain secret", func(s source) { delete(s.secrets, "appToken"); s.values["appToken"] = strings.Repeat("t", 64) },
			[]string{"appToken", "in the clear", "pulumi config set --secret appToken"}},
		{"short token", func(s source) { s.secrets["appToken"] = "short" }, []string{"appToken", "openssl rand"}},
		{"half an e-mail", func(s source) { s.secrets["smtpURL"] = "smtps://u:secret-password@mail.example.com" }, []string{"app.emailFrom", "smtpURL"}},
		{"half a certificate", func(s source) { delete(s.secrets, "tlsCertificate") }, []string{"tlsCertificate", "tlsKey"}},
		{"subnet outside", func(s source) {
			s.values["oke"] = strings.Replace(s.values["oke"], "{", `{"network": {"nodes": "10.1.0.0/20"}, `, 1)
		},
			[]string{"oke.network.nodes", "10.1.0.0/20", "not inside", "10.0.0.0/16"}},
		{"subnets overlap", func(s source) {
			s.values["oke"] = strings.Replace(s.values["oke"], "{", `{"network": {"balancers": "10.0.32.0/24"}, `, 1)
		},
			[]string{"oke.network.nodes", "overlaps", "oke.network.balancers", "10.0.32.0/24"}},
		{"pods overlap", func(s source) {
			s.values["oke"] = strings.Replace(s.values["oke"], "{", `{"network": {"pods": "10.0.0.0/8"}, `, 1)
		},
			[]string{"oke.network.pods", "10.0.0.0/8", "overlaps", "oke.network.cidr"}},
		{"no network", func(s source) {
			s.values["oke"] = strings.Replace(s.values["oke"], "{", `{"network": {"pods": "many"}, `, 1)
		},
			[]string{"oke.network.pods", `"many"`, "10.0.0.0/16"}},
		{"control plane overlaps", func(s source) {
			delete(s.values, "oke")
			s.values["cloud"], s.values["gke"] = "gke", gke+`"network": {"controlPlane": "10.244.1.0/28"}}`
		}, []string{"gke.network", "10.244.1.0/28", "overlaps"}},
		{"zone elsewhere", func(s source) {
			delete(s.values, "oke")
			s.values["cloud"], s.values["gke"] = "gke", gke+`"zone": "europe-west4-a"}`
		}, []string{"gke.zone", "europe-west4-a", "region"}},
		{"no use for it", func(s source) {
			delete(s.values, "oke")
			s.values["cloud"], s.values["gke"] = "gke", gke+`"network": {"balancers": "10.0.20.0/24"}}`
		}, []string{"gke.network.balancers", "no effect"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := good()
			test.change(s)
			_, err := Load(s, "taskmaster", machine)
			if err == nil {
				t.Fatal("the configuration was accepted")
			}
			if strings.Contains(err.Error(), "secret-password") {
				t.Errorf("the error contains a secret: %v", err)
			}
			for line := range strings.SplitSeq(err.Error(), "\n") {
				fits := true
				for _, want := range test.want {
					fits = fits && strings.Contains(line, want)
				}
				if fits {
					return
				}
			}
			t.Errorf("no line of the error contains all of %q:\n%v", test.want, err)
		})
	}
}

func TestLoadReportsAllProblems(t *testing.T) {
	t.Parallel()
	_, err := Load(source{values: map[string]string{"cloud": "aws", "broker": `{"kind": "mqtt"}`}}, "taskmaster", machine)
	if err == nil {
		t.Fatal("the configuration was accepted")
	}
	for _, want := range []string{"environment", "cloud", "broker.kind", "images.api", "images.web", "databaseURL", "appToken", "brokerPassword", "app.publicURL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %s:\n%v", want, err)
		}
	}
	if errors.Unwrap(err) == nil {
		t.Error("the problems are not wrapped")
	}
}
