//go:build !race

// Package chart contains only tests. They render the Helm chart in this folder and check the
// objects.
//
// The race detector makes rendering ten times slower, and the tests share nothing, so they run without
// it.
package chart

import (
	"maps"
	"slices"
	"strings"
	"testing"

	components "github.com/dapr/dapr/pkg/apis/components/v1alpha1"
	configuration "github.com/dapr/dapr/pkg/apis/configuration/v1alpha1"
	resiliency "github.com/dapr/dapr/pkg/apis/resiliency/v1alpha1"
	subscriptions "github.com/dapr/dapr/pkg/apis/subscriptions/v2alpha1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	release   = "tm"
	namespace = "tasks"
)

var services = []string{"api", "assistant", "live", "notifier", "recurring", "web"}

// kinds are the kinds that the chart may create. Objects are decoded strictly: an unknown field is
// an error.
var kinds = map[string]func() metav1.Object{
	"apps/v1 Deployment":                      func() metav1.Object { return new(appsv1.Deployment) },
	"autoscaling/v2 HorizontalPodAutoscaler":  func() metav1.Object { return new(autoscalingv2.HorizontalPodAutoscaler) },
	"batch/v1 CronJob":                        func() metav1.Object { return new(batchv1.CronJob) },
	"batch/v1 Job":                            func() metav1.Object { return new(batchv1.Job) },
	"cert-manager.io/v1 Certificate":          func() metav1.Object { return new(certificate) },
	"dapr.io/v1alpha1 Component":              func() metav1.Object { return new(components.Component) },
	"dapr.io/v1alpha1 Configuration":          func() metav1.Object { return new(configuration.Configuration) },
	"dapr.io/v1alpha1 Resiliency":             func() metav1.Object { return new(resiliency.Resiliency) },
	"dapr.io/v2alpha1 Subscription":           func() metav1.Object { return new(subscriptions.Subscription) },
	"monitoring.coreos.com/v1 PodMonitor":     func() metav1.Object { return new(podMonitor) },
	"monitoring.coreos.com/v1 PrometheusRule": func() metav1.Object { return new(prometheusRule) },
	"networking.k8s.io/v1 NetworkPolicy":      func() metav1.Object { return new(networkingv1.NetworkPolicy) },
	"policy/v1 PodDisruptionBudget":           func() metav1.Object { return new(policyv1.PodDisruptionBudget) },
	"v1 ConfigMap":                            func() metav1.Object { return new(corev1.ConfigMap) },
	"v1 Service":                              func() metav1.Object { return new(corev1.Service) },
	"v1 ServiceAccount":                       func() metav1.Object { return new(corev1.ServiceAccount) },
}

// certificate is cert-manager's Certificate with the fields that the chart sets.
type certificate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		SecretName string                             `json:"secretName"`
		DNSNames   []string                           `json:"dnsNames"`
		IssuerRef  struct{ Group, Kind, Name string } `json:"issuerRef"`
		PrivateKey struct {
			Algorithm      string `json:"algorithm"`
			Size           int    `json:"size"`
			RotationPolicy string `json:"rotationPolicy"`
		} `json:"privateKey"`
	} `json:"spec"`
}

// podMonitor is the PodMonitor of Prometheus's operator with the fields that the chart sets.
type podMonitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		JobLabel            string                                  `json:"jobLabel"`
		Selector            metav1.LabelSelector                    `json:"selector"`
		NamespaceSelector   struct{ MatchNames []string }           `json:"namespaceSelector"`
		PodMetricsEndpoints []struct{ Port, Path, Interval string } `json:"podMetricsEndpoints"`
	} `json:"spec"`
}

// prometheusRule is the PrometheusRule of Prometheus's operator.
type prometheusRule struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	} `json:"spec"`
}

// digest returns an image by digest, as installations use it.
func digest(service string) string {
	return "registry.example.com/taskmaster/" + service + "@sha256:" + strings.Repeat("0a", 32)
}

// base contains the values that have no default.
const base = `
publicURL: https://tasks.example.com
database: {secretName: neon}
broker: {addresses: ["one.example.com:9093", "two.example.com:9093"], secretName: redpanda}
tokens: {secretName: tokens}
`

// valueSets are values of installations. Together they cover all values that change the objects.
var valueSets = map[string]string{
	"smallest": base,
	"one node": base + `
replicas: {api: 1, recurring: 1, notifier: 1, live: 1, assistant: 1, web: 1}
web: {service: {externalTrafficPolicy: Cluster}}
`,
	"large": base + `
replicas: {api: 3, recurring: 2, notifier: 2, live: 3, assistant: 3, web: 3}
autoscaling: {enabled: true, maxReplicas: {api: 12, recurring: 12, notifier: 12, live: 12, assistant: 12, web: 12}, cpu: 60}
imagePullSecrets: [registry]
metrics: {namespace: monitoring, podMonitor: {enabled: true, interval: 1m, labels: {release: prometheus}}, rules: {enabled: true, labels: {release: prometheus}}, dashboards: {enabled: true}}
traces: {endpoint: "http://collector.monitoring:4318", sampling: 0.25, namespace: monitoring}
env: {api: {RATE_PER_MINUTE: "600"}}
web:
  service: {annotations: {service.beta.kubernetes.io/oci-load-balancer-shape: flexible}, sourceRanges: [198.51.100.0/24]}
  tls: {secretName: wildcard}
  trustedProxies: [203.0.113.0/24]
notifier: {allowNetworks: [10.20.0.0/16], mailFrom: "Tasks <tasks@example.com>"}
`,
	"traced": base + `
traces: {endpoint: "https://otlp.example.com:4317", networks: [198.51.100.0/24], headersSecretName: collector}
`,
	"sleeping": strings.Replace(base, "neon", "neon, sleeps: true", 1),
	"certificate": base + `
web: {tls: {issuer: {name: letsencrypt}}}
`,
	"in the cluster": `
publicURL: https://tasks.example.com
database: {secretName: neon, namespace: postgres, connections: {api: 7, relay: 4}}
broker: {addresses: ["one.broker.svc:9093"], secretName: redpanda, namespace: broker}
tokens: {secretName: tokens}
metrics: {namespace: monitoring}
`,
	"nats":            onBroker("nats", brokerKinds["nats"].values),
	"redis":           onBroker("redis", brokerKinds["redis"].values),
	"rabbitmq":        onBroker("rabbitmq", brokerKinds["rabbitmq"].values),
	"kafka-plaintext": onBroker("kafka-plaintext", brokerKinds["kafka-plaintext"].values),
	"backup": base + `
backup: {enabled: true, schedule: "30 2 * * 0", timeZone: Europe/Berlin, keep: 4, claimName: archive}
`,
}

// parse parses values. It adds images if there are none.
func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	var values map[string]any
	if err := yaml.UnmarshalStrict([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	if values == nil {
		values = map[string]any{}
	}
	if _, ok := values["images"]; !ok {
		images := map[string]any{}
		for _, service := range services {
			images[service] = digest(service)
		}
		values["images"] = images
	}
	return values
}

// render returns the chart's rendered files. It validates the values against the schema first.
func render(t *testing.T, text string) (map[string]string, error) {
	t.Helper()
	chart, err := loader.Load(".")
	if err != nil {
		t.Fatal(err)
	}
	options := chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}
	values, err := chartutil.ToRenderValues(chart, parse(t, text), options, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(chart, values)
}

// manifest holds the objects of the chart by kind and name.
type manifest struct {
	t       *testing.T
	objects map[string]metav1.Object
	// ciliumRule makes network policies ignore the addresses of pods.
	ciliumRule bool
}

func install(t *testing.T, text string) manifest {
	t.Helper()
	files, err := render(t, text)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest{t: t, objects: map[string]metav1.Object{}}
	for path, content := range files {
		if strings.HasSuffix(path, "NOTES.txt") {
			continue
		}
		for _, document := range releaseutil.SplitManifests(content) {
			m.add(path, document)
		}
	}
	return m
}

func (m manifest) add(path, document string) {
	m.t.Helper()
	var head struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
	}
	if err := yaml.Unmarshal([]byte(document), &head); err != nil {
		m.t.Fatalf("%s: %v\n%s", path, err, document)
	}
	if head.Kind == "" {
		if strings.Trim(stripComments(document), "\n -") != "" {
			m.t.Errorf("%s: document without a kind:\n%s", path, document)
		}
		return
	}
	kind, ok := kinds[head.APIVersion+" "+head.Kind]
	if !ok {
		m.t.Fatalf("%s: unexpected kind %s of %s", path, head.Kind, head.APIVersion)
	}
	object := kind()
	if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
		m.t.Fatalf("%s: %v\n%s", path, err, document)
	}
	id := head.Kind + "/" + head.Name
	if _, twice := m.objects[id]; twice {
		m.t.Errorf("%s: %s is defined twice", path, id)
	}
	m.objects[id] = object
}

func stripComments(document string) string {
	lines := strings.Split(document, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "#") }), "\n")
}

// get returns the object of a kind and name.
func get[T metav1.Object](m manifest, name string) T {
	m.t.Helper()
	object, ok := m.objects[name].(T)
	if !ok {
		m.t.Fatalf("no %s among %v", name, slices.Sorted(maps.Keys(m.objects)))
	}
	return object
}

// all returns the objects of a kind.
func all[T metav1.Object](m manifest) map[string]T {
	found := map[string]T{}
	for _, object := range m.objects {
		if typed, ok := object.(T); ok {
			found[object.GetName()] = typed
		}
	}
	return found
}

// pod is a pod template: of a service, the migration, or the backup.
type pod struct {
	name string
	meta metav1.ObjectMeta
	spec corev1.PodSpec
}

func (m manifest) pods() []pod {
	var pods []pod
	for name, d := range all[*appsv1.Deployment](m) {
		pods = append(pods, pod{name, d.Spec.Template.ObjectMeta, d.Spec.Template.Spec})
	}
	for name, j := range all[*batchv1.Job](m) {
		pods = append(pods, pod{name, j.Spec.Template.ObjectMeta, j.Spec.Template.Spec})
	}
	for name, c := range all[*batchv1.CronJob](m) {
		template := c.Spec.JobTemplate.Spec.Template
		pods = append(pods, pod{name, template.ObjectMeta, template.Spec})
	}
	slices.SortFunc(pods, func(a, b pod) int { return strings.Compare(a.name, b.name) })
	return pods
}

// eachInstallation runs a test for every set of values.
func eachInstallation(t *testing.T, test func(t *testing.T, m manifest)) {
	t.Helper()
	for name, values := range valueSets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, install(t, values))
		})
	}
}
