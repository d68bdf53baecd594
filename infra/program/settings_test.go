//go:build clouds

package program

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"taskmaster/infra/config"
)

// TestSettingsReachTheChart sets all settings of the application that the shipped stacks leave out,
// and looks for them in the rendered objects.
func TestSettingsReachTheChart(t *testing.T) {
	t.Parallel()
	s := load(t, "prod")
	s.setSecret("dockerConfig", `{"auths": {"registry.example.com": {"auth": "bG9naW4="}}}`)
	s.set(t, "taskmaster:release", map[string]any{"number": 7, "untested": "nobody can log in"})
	s.setIn(t, "taskmaster:app", "trustedProxies", []string{"203.0.113.128/25"})
	s.setIn(t, "taskmaster:app", "metricsNamespace", "prometheus")
	s.setIn(t, "taskmaster:app", "metrics", map[string]any{"podMonitor": true, "rules": true, "dashboards": true, "labels": map[string]string{"release": "watch"}})
	s.setIn(t, "taskmaster:app", "traces", map[string]any{"endpoint": "https://otlp.example.com:4317", "sampling": 0.5, "networks": []string{"198.51.100.0/25"}})
	s.setSecret("tracesHeaders", "Authorization=Bearer%20token")
	s.setIn(t, "taskmaster:app", "maxReplicas", map[string]int{"web": 17})
	s.setIn(t, "taskmaster:app", "resources", map[string]any{
		"live": map[string]any{"limits": map[string]any{"memory": "777Mi"}}, "sidecar": map[string]any{"requests": map[string]any{"cpu": "33m"}},
	})
	s.setIn(t, "taskmaster:broker", "networks", []string{"192.0.2.128/25"})
	s.set(t, "taskmaster:database", map[string]any{
		"namespace": "postgres", "maxConnections": 200, "connections": map[string]any{"relay": 8},
	})
	resources := mustRender(t, s)
	login := find(t, resources, "kubernetes:core/v1:Secret", "platform-registry")
	if !login.is("type", "kubernetes.io/dockerconfigjson") || !login.is("metadata.namespace", "taskmaster") {
		t.Errorf("the logins of registries are %v", login.inputs)
	}
	_, rendered := renderChart(t, find(t, resources, release, "app"), "../chart", "taskmaster", "taskmaster")
	for file, wants := range map[string][]string{
		"deployments": {"- name: registry", `taskmaster/untested: "nobody can log in"`, `value: "203.0.113.128/25"`, "memory: 777Mi", `sidecar-cpu-request: "33m"`,
			"value: https://otlp.example.com:4317", "secretKeyRef: {name: traces, key: headers}", "OTEL_EXPORTER_OTLP_HEADERS=traces:headers",
			"name: RELAY_CONNS\n              value: \"8\"", "name: DATABASE_CONNS\n              value: \"6\""},
		"networkpolicies": {"kubernetes.io/metadata.name: prometheus", "kubernetes.io/metadata.name: postgres", "192.0.2.128/25", "198.51.100.0/25"},
		"podmonitors":     {"release: watch"},
		"prometheusrule":  {"release: watch", "alert: TaskMasterOutboxOld"},
		"dashboards":      {`grafana_dashboard: "1"`, "taskmaster-events.json"},
		"availability":    {"maxReplicas: 17"},
	} {
		for _, want := range wants {
			if !strings.Contains(rendered["taskmaster/templates/"+file+".yaml"], want) {
				t.Errorf("%s.yaml lacks %s", file, want)
			}
		}
	}
}

// The services of a database that sleeps leave it alone, and api may wake notifier.
func TestADatabaseThatSleepsReachesTheChart(t *testing.T) {
	t.Parallel()
	s := load(t, "staging")
	s.set(t, "taskmaster:database", map[string]any{"sleeps": true})
	_, rendered := renderChart(t, find(t, mustRender(t, s), release, "app"), "../chart", "taskmaster", "taskmaster")
	if got := strings.Count(rendered["taskmaster/templates/deployments.yaml"], "name: DATABASE_SLEEPS_AFTER"); got != 3 {
		t.Errorf("%d services let the database sleep, want api, live and notifier", got)
	}
}

// Cilium never matches the pods of a broker by their addresses, so that a policy with networks only
// would cut the broker off.
func TestPoliciesNameTheNamespaceOfABrokerInTheCluster(t *testing.T) {
	everyStack(t, func(t *testing.T, s stack, resources []recorded) {
		t.Helper()
		_, rendered := renderChart(t, find(t, resources, release, "app"), "../chart", "taskmaster", "taskmaster")
		kind := s.section(t, "taskmaster:broker")["kind"]
		inside := kind == "strimzi" || kind == "redpanda"
		if got := strings.Count(rendered["taskmaster/templates/networkpolicies.yaml"], "kubernetes.io/metadata.name: broker"); got != map[bool]int{true: 4}[inside] {
			t.Errorf("%d policies allow the namespace of the broker", got)
		}
	})
}

// TestEveryBrokerReachesTheChart renders a stack for each broker. Its secret has the keys that the
// components name, and the policies allow its port.
func TestEveryBrokerReachesTheChart(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]struct {
		address, secret string
		keys            []string
	}{
		config.Kafka:          {"one.example.com:9093", "kafka", []string{"brokers", "ca.crt", "password", "username"}},
		config.KafkaPlaintext: {"one.example.com:9092", "", nil},
		config.NATS:           {"one.example.com:4222", "nats", []string{"ca.crt", "token"}},
		config.Redis:          {"one.example.com:6379", "redis", []string{"ca.crt", "password", "username"}},
		config.RabbitMQ:       {"one.example.com:5671", "rabbitmq", []string{"ca.crt", "url"}},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := load(t, "oke")
			s.set(t, "taskmaster:broker", map[string]any{"kind": kind, "addresses": []string{want.address}})
			for _, secret := range []string{"brokerUsername", "brokerPassword"} {
				delete(s.config, "taskmaster:"+secret)
			}
			if kind == config.Kafka || kind == config.RabbitMQ {
				s.setSecret("brokerUsername", "username-of-broker")
			}
			if kind != config.KafkaPlaintext {
				s.setSecret("brokerPassword", "password-of-broker")
				s.setSecret("brokerCA", "authority-of-broker")
			}
			resources := mustRender(t, s)
			if want.secret != "" {
				secret := find(t, resources, "kubernetes:core/v1:Secret", "platform-"+want.secret)
				values, _ := plain(open(at1(t, secret, "stringData"))).(map[string]any)
				if got := slices.Sorted(maps.Keys(values)); !slices.Equal(got, want.keys) {
					t.Errorf("the secret has the keys %v, want %v", got, want.keys)
				}
			}
			_, rendered := renderChart(t, find(t, resources, release, "app"), "../chart", "taskmaster", "taskmaster")
			_, port, _ := strings.Cut(want.address, ":")
			if got := strings.Count(rendered["taskmaster/templates/networkpolicies.yaml"], "port: "+port+"}"); got != 4 {
				t.Errorf("%d policies allow port %s, want 4", got, port)
			}
			sidecars := rendered["taskmaster/templates/dapr.yaml"]
			if strings.Contains(sidecars, "password-of-broker") {
				t.Error("a component contains the password")
			}
			for _, key := range want.keys {
				if key != "brokers" && key != "ca.crt" && !strings.Contains(sidecars, "key: "+key) {
					t.Errorf("no component refers to the key %s", key)
				}
			}
		})
	}
}

// The operator renews its authority by itself. The sidecars read it at the start.
func TestARenewedAuthorityRestartsTheServices(t *testing.T) {
	s := load(t, "aks")
	sum := func() string {
		return text(at1(t, find(t, mustRender(t, s), release, "app"), "values.secretsChecksum"))
	}
	before := sum()
	old := readings["kubernetes:core/v1:Secret"]
	defer func() { readings["kubernetes:core/v1:Secret"] = old }()
	readings["kubernetes:core/v1:Secret"] = secretOf("another authority")
	if after := sum(); after == before || len(after) != 64 {
		t.Errorf("the checksum was %q and is %q", before, after)
	}
}

func TestTheChecksumIsVisible(t *testing.T) {
	t.Parallel()
	s := load(t, "oke")
	s.setSecret("brokerCA", "authority-of-broker")
	sum := at1(t, find(t, mustRender(t, s), release, "app"), "values.secretsChecksum")
	if sum.IsSecret() {
		t.Error("the checksum is secret, and hides every change of the values")
	}
}

func TestBrokersAreOnDifferentNodes(t *testing.T) {
	t.Parallel()
	pool := find(t, mustRender(t, load(t, "aks")), "kubernetes:kafka.strimzi.io/v1:KafkaNodePool", "platform-brokers")
	const rule = "spec.template.pod.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.*."
	if !pool.is(rule+"topologyKey", "kubernetes.io/hostname") || !pool.is(rule+"labelSelector.matchLabels.strimzi|io/cluster", "taskmaster") {
		t.Errorf("two brokers may share a node: %v", pool.inputs)
	}
}

func TestTheOperatorOfATopicUsesTLS(t *testing.T) {
	t.Parallel()
	topic := find(t, mustRender(t, load(t, "prod")), "kubernetes:cluster.redpanda.com/v1alpha2:Topic", "platform-task-events")
	if !topic.is("spec.kafkaApiSpec.tls.enabled", true) || !topic.is("spec.kafkaApiSpec.tls.insecureSkipTlsVerify", false) {
		t.Errorf("the topics are created without TLS: %v", topic.inputs)
	}
}

// GKE Autopilot lets nobody write to kube-system, where cert-manager elects its leader by default.
func TestCertManagerElectsItsLeaderInItsNamespace(t *testing.T) {
	t.Parallel()
	s := load(t, "prod")
	s.setIn(t, "taskmaster:gke", "autopilot", true)
	if !find(t, mustRender(t, s), release, "platform-cert-manager").is("values.global.leaderElection.namespace", "cert-manager") {
		t.Error("cert-manager writes to kube-system")
	}
}

// Ten wrong passwords from one address lock its users out, so that users must not share one.
func TestTheBalancerOnOracleKeepsTheAddressOfTheClient(t *testing.T) {
	t.Parallel()
	resources := mustRender(t, load(t, "staging"))
	app := find(t, resources, release, "app")
	for name, want := range map[string]string{
		"oci|oraclecloud|com/load-balancer-type":                                "nlb",
		"oci-network-load-balancer|oraclecloud|com/is-preserve-source":          "true",
		"oci-network-load-balancer|oraclecloud|com/oci-network-security-groups": "taskmaster-staging-edge-id",
	} {
		if !app.is("values.web.service.annotations."+name, want) {
			t.Errorf("%s is not %s", strings.ReplaceAll(name, "|", "."), want)
		}
	}
	// A packet keeps the client's address, so that the workers' rules see it.
	rule := find(t, resources, "oci:Core/networkSecurityGroupSecurityRule:NetworkSecurityGroupSecurityRule", "taskmaster-staging-workers-from-clients")
	if !rule.is("source", "0.0.0.0/0") || !rule.is("tcpOptions.destinationPortRange.min", int64(30000)) {
		t.Errorf("the workers refuse clients: %v", rule.inputs)
	}
}

func TestTheKubeconfigOfOracleUsesTheProfile(t *testing.T) {
	t.Parallel()
	s := load(t, "staging")
	s.setIn(t, "taskmaster:oke", "profile", "WORK")
	provider := find(t, mustRender(t, s), "pulumi:providers:kubernetes", "taskmaster-staging")
	if got := text(at1(t, provider, "kubeconfig")); !strings.Contains(got, "- generate-token\n") || !strings.Contains(got, "- --profile\n") || !strings.Contains(got, "- WORK\n") {
		t.Errorf("the kubeconfig is\n%s", got)
	}
}

func TestNodesMayPullImages(t *testing.T) {
	t.Parallel()
	reader := find(t, mustRender(t, load(t, "gke")), "gcp:projects/iAMMember:IAMMember", "taskmaster-gke-node-registry")
	if !reader.is("role", "roles/artifactregistry.reader") {
		t.Errorf("the nodes' account is %v", reader.inputs)
	}
	const registry = "/subscriptions/x/resourceGroups/y/providers/Microsoft.ContainerRegistry/registries/z"
	s := load(t, "aks")
	s.setIn(t, "taskmaster:aks", "registry", registry)
	role := find(t, mustRender(t, s), "azure:authorization/assignment:Assignment", "taskmaster-aks-pulls-images")
	if !role.is("scope", registry) || !role.is("roleDefinitionName", "AcrPull") || !role.is("principalId", "kubelet") {
		t.Errorf("the role is %v", role.inputs)
	}
}

func TestNoOutputNamesACommandThatIsGone(t *testing.T) {
	t.Parallel()
	for name, command := range dashboards() {
		if strings.Contains(command, "dapr dashboard") {
			t.Errorf("%s: dapr dashboard exists no longer for clusters", name)
		}
	}
}
