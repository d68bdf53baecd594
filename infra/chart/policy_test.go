//go:build !race

package chart

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestPodsHaveNoRights(t *testing.T) {
	t.Parallel()
	eachInstallation(t, func(t *testing.T, m manifest) {
		want := append(slices.Clone(services), "migrate")
		if _, ok := m.objects["CronJob/backup"]; ok {
			want = append(want, "backup")
		}
		slices.Sort(want)
		var got []string
		for _, pod := range m.pods() {
			got = append(got, pod.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("pods of %v, want %v", got, want)
		}
		for _, pod := range m.pods() {
			s := pod.spec.SecurityContext
			if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser == 0 {
				t.Errorf("%s: may run as root", pod.name)
			}
			if s == nil || s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
				t.Errorf("%s: may make any system call", pod.name)
			}
			if pod.spec.HostNetwork || pod.spec.HostPID || pod.spec.HostIPC {
				t.Errorf("%s: shares the node's namespaces", pod.name)
			}
			if pod.spec.ServiceAccountName != pod.name {
				t.Errorf("%s: runs as service account %q, not its own", pod.name, pod.spec.ServiceAccountName)
			}
			account := get[*corev1.ServiceAccount](m, "ServiceAccount/"+pod.name)
			for _, token := range []*bool{pod.spec.AutomountServiceAccountToken, account.AutomountServiceAccountToken} {
				if token == nil || *token {
					t.Errorf("%s: has a token of the cluster's API", pod.name)
				}
			}
			for _, volume := range pod.spec.Volumes {
				if volume.Secret == nil && (pod.name != "backup" || volume.PersistentVolumeClaim == nil) {
					t.Errorf("%s: mounts %s, which is not a secret", pod.name, volume.Name)
				}
			}
			for _, c := range slices.Concat(pod.spec.InitContainers, pod.spec.Containers) {
				checkContainer(t, pod.name, c)
			}
		}
	})
}

var byDigest = regexp.MustCompile(`^[^@:]+@sha256:[0-9a-f]{64}$`)

func checkContainer(t *testing.T, where string, c corev1.Container) {
	t.Helper()
	s := c.SecurityContext
	if s == nil {
		t.Fatalf("%s: has no security context", where)
	}
	if s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
		t.Errorf("%s: may write to its image", where)
	}
	if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.Privileged != nil {
		t.Errorf("%s: may escalate privileges", where)
	}
	if s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(s.Capabilities.Add) > 0 {
		t.Errorf("%s: has capabilities", where)
	}
	if !byDigest.MatchString(c.Image) {
		t.Errorf("%s: image %q has no digest", where, c.Image)
	}
	for _, resources := range []corev1.ResourceList{c.Resources.Requests, c.Resources.Limits} {
		if resources.Cpu().IsZero() || resources.Memory().IsZero() {
			t.Errorf("%s: requests %v, limits %v", where, c.Resources.Requests, c.Resources.Limits)
		}
	}
	for _, variable := range c.Env {
		if variable.ValueFrom != nil && variable.ValueFrom.SecretKeyRef.Name == "" {
			t.Errorf("%s: %s does not come from a secret", where, variable.Name)
		}
	}
}

// TestSidecars checks the annotations of the sidecars. The sidecar's container is not in the chart,
// but its annotations are.
func TestSidecars(t *testing.T) {
	t.Parallel()
	eachInstallation(t, func(t *testing.T, m manifest) {
		for name, d := range all[*appsv1.Deployment](m) {
			if name == "web" { // it has no sidecar
				continue
			}
			got := d.Spec.Template.Annotations
			want := map[string]string{
				"dapr.io/enabled": "true", "dapr.io/app-id": name, "dapr.io/app-port": "8080",
				"dapr.io/config": "taskmaster", "dapr.io/app-token-secret": "tokens", "dapr.io/enable-native-sidecar": "true",
				"dapr.io/enable-app-health-check": "true", "dapr.io/app-health-check-path": "/healthz",
				"dapr.io/log-as-json": "true", "dapr.io/log-level": "info", "dapr.io/sidecar-seccomp-profile-type": "RuntimeDefault",
				"dapr.io/disable-builtin-k8s-secret-store": "true",
			}
			for annotation, value := range want {
				if got[annotation] != value {
					t.Errorf("%s: %s is %q, want %q", name, annotation, got[annotation], value)
				}
			}
			for _, annotation := range []string{"cpu-request", "cpu-limit", "memory-request", "memory-limit"} {
				value := got["dapr.io/sidecar-"+annotation]
				if quantity, err := resource.ParseQuantity(value); err != nil || quantity.IsZero() {
					t.Errorf("%s: the sidecar's %s is %q", name, annotation, value)
				}
			}
		}
		for _, pod := range m.pods() {
			if slices.Contains(services, pod.name) && pod.name != "web" {
				continue
			}
			for annotation := range pod.meta.Annotations {
				if strings.HasPrefix(annotation, "dapr.io/") {
					t.Errorf("%s: has a sidecar. A job's would never stop, and web's would make the page depend on Dapr", pod.name)
				}
			}
		}
	})
}

func TestPodsAreLookedAfter(t *testing.T) {
	t.Parallel()
	eachInstallation(t, func(t *testing.T, m manifest) {
		for name, d := range all[*appsv1.Deployment](m) {
			c := d.Spec.Template.Spec.Containers[0]
			protocol := "http"
			for _, variable := range c.Env {
				if variable.Name == "TLS_CERT_FILE" {
					protocol = "https"
				}
			}
			if got := d.Spec.Template.Annotations["dapr.io/app-protocol"]; name != "web" && got != protocol {
				t.Errorf("%s: protocol of the sidecar is %s", name, got)
			}
			for probe, want := range map[*corev1.Probe]string{
				c.StartupProbe: "/healthz", c.LivenessProbe: "/healthz", c.ReadinessProbe: "/readyz",
			} {
				if probe == nil {
					t.Errorf("%s: no probe of %s", name, want)
					continue
				}
				get := &corev1.HTTPGetAction{Path: want, Port: intstr.FromString("http"), Scheme: corev1.URIScheme(strings.ToUpper(protocol))}
				if diff := cmp.Diff(get, probe.HTTPGet); diff != "" {
					t.Errorf("%s: the probe of %s differs (-want +got):\n%s", name, want, diff)
				}
			}
			if r := d.Spec.Strategy.RollingUpdate; r == nil || r.MaxUnavailable.IntValue() != 0 || r.MaxSurge.IntValue() < 1 {
				t.Errorf("%s: a pod stops before its successor is ready", name)
			}
			checkStop(t, name, d)
			checkSpread(t, name, d)
		}
	})
}

// checkStop checks the order of stopping: wait for late requests, stop the service, stop the
// sidecar. All of it must fit into the grace period.
func checkStop(t *testing.T, name string, d *appsv1.Deployment) {
	t.Helper()
	const drain, sidecar = 10, 10 // server.DrainTimeout and dapr.io/graceful-shutdown-seconds
	c := d.Spec.Template.Spec.Containers[0]
	if c.Lifecycle == nil || c.Lifecycle.PreStop == nil || c.Lifecycle.PreStop.Sleep == nil {
		t.Fatalf("%s: stops without waiting for late requests", name)
	}
	wait := c.Lifecycle.PreStop.Sleep.Seconds
	if got := d.Spec.Template.Annotations["dapr.io/graceful-shutdown-seconds"]; name != "web" && got != "10" {
		t.Errorf("%s: the sidecar's grace period is %q seconds", name, got)
	}
	if grace := d.Spec.Template.Spec.TerminationGracePeriodSeconds; grace == nil || *grace <= wait+drain+sidecar {
		t.Errorf("%s: is killed although it waits %d s before it stops", name, wait)
	}
}

func checkSpread(t *testing.T, name string, d *appsv1.Deployment) {
	t.Helper()
	var keys []string
	for _, c := range d.Spec.Template.Spec.TopologySpreadConstraints {
		keys = append(keys, c.TopologyKey)
		if !reflect.DeepEqual(c.LabelSelector, d.Spec.Selector) {
			t.Errorf("%s: the spread over %s selects other pods", name, c.TopologyKey)
		}
	}
	if want := []string{"topology.kubernetes.io/zone", "kubernetes.io/hostname"}; !slices.Equal(keys, want) {
		t.Errorf("%s: spread over %v, want %v", name, keys, want)
	}
}

// selects reports whether a selector matches pods with these labels.
func selects(t *testing.T, selector *metav1.LabelSelector, labels map[string]string) bool {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	return s.Matches(labelSet(labels))
}

func TestEveryPodIsCovered(t *testing.T) {
	t.Parallel()
	eachInstallation(t, func(t *testing.T, m manifest) {
		for _, pod := range m.pods() {
			var policies, budgets []string
			for name, p := range all[*networkingv1.NetworkPolicy](m) {
				if selects(t, &p.Spec.PodSelector, pod.meta.Labels) && len(p.Spec.PolicyTypes) == 2 {
					policies = append(policies, name)
				}
			}
			for name, b := range all[*policyv1.PodDisruptionBudget](m) {
				if selects(t, b.Spec.Selector, pod.meta.Labels) {
					budgets = append(budgets, name)
					if b.Spec.MaxUnavailable.IntValue() != 1 {
						t.Errorf("%s: %v may be unavailable", name, b.Spec.MaxUnavailable)
					}
				}
			}
			if want := []string{pod.name}; !slices.Equal(policies, want) {
				t.Errorf("%s: network policies %v, want %v", pod.name, policies, want)
			}
			if want := []string{pod.name}; slices.Contains(services, pod.name) && !slices.Equal(budgets, want) {
				t.Errorf("%s: disruption budgets %v, want %v", pod.name, budgets, want)
			}
		}
	})
}

func TestEverythingIsLabelled(t *testing.T) {
	t.Parallel()
	eachInstallation(t, func(t *testing.T, m manifest) {
		check := func(what string, labels map[string]string) {
			for label, want := range map[string]string{
				"app.kubernetes.io/name": "taskmaster", "app.kubernetes.io/instance": release,
				"app.kubernetes.io/part-of": "taskmaster", "app.kubernetes.io/managed-by": "Helm",
			} {
				if labels[label] != want {
					t.Errorf("%s: label %s is %q, want %q", what, label, labels[label], want)
				}
			}
			if labels["app.kubernetes.io/component"] == "" {
				t.Errorf("%s: has no component label", what)
			}
		}
		for name, object := range m.objects {
			check(name, object.GetLabels())
			if object.GetNamespace() != namespace {
				t.Errorf("%s: namespace %q", name, object.GetNamespace())
			}
		}
		for _, pod := range m.pods() {
			check("a pod of "+pod.name, pod.meta.Labels)
		}
	})
}

func TestAutoscaling(t *testing.T) {
	t.Parallel()
	if off := all[*autoscalingv2.HorizontalPodAutoscaler](install(t, valueSets["smallest"])); len(off) > 0 {
		t.Errorf("on by default: %v", slices.Sorted(maps.Keys(off)))
	}
	m := install(t, valueSets["large"])
	for _, name := range services {
		h := get[*autoscalingv2.HorizontalPodAutoscaler](m, "HorizontalPodAutoscaler/"+name)
		if h.Spec.ScaleTargetRef.Kind != "Deployment" || h.Spec.ScaleTargetRef.Name != name || h.Spec.MaxReplicas != 12 {
			t.Errorf("%s: scales %v up to %d", name, h.Spec.ScaleTargetRef, h.Spec.MaxReplicas)
		}
		got := map[corev1.ResourceName]int32{}
		for _, metric := range h.Spec.Metrics {
			got[metric.Resource.Name] = *metric.Resource.Target.AverageUtilization
		}
		if want := map[corev1.ResourceName]int32{"cpu": 60, "memory": 80}; !maps.Equal(got, want) {
			t.Errorf("%s: scales on %v, want %v", name, got, want)
		}
		if d := get[*appsv1.Deployment](m, "Deployment/"+name); d.Spec.Replicas != nil {
			t.Errorf("%s: an upgrade would undo the scaling", name)
		}
	}
	if got := *get[*autoscalingv2.HorizontalPodAutoscaler](m, "HorizontalPodAutoscaler/api").Spec.MinReplicas; got != 3 {
		t.Errorf("api starts with %d pods, want 3", got)
	}
}

// TestMigrationComesFirst checks that the new version's program migrates the schema before any
// other part of the new version runs.
func TestMigrationComesFirst(t *testing.T) {
	t.Parallel()
	m := install(t, base)
	for _, id := range []string{"Job/migrate", "ServiceAccount/migrate", "NetworkPolicy/migrate"} {
		object := m.objects[id]
		if object == nil {
			t.Fatalf("%s is missing", id)
		}
		a := object.GetAnnotations()
		if a["helm.sh/hook"] != "pre-install,pre-upgrade" || a["helm.sh/hook-delete-policy"] != "before-hook-creation,hook-succeeded" {
			t.Errorf("%s: hooks %q, deleted %q", id, a["helm.sh/hook"], a["helm.sh/hook-delete-policy"])
		}
		if weight := a["helm.sh/hook-weight"]; (weight == "0") != (id == "Job/migrate") {
			t.Errorf("%s: weight %s; dependencies of the job must come before it", id, weight)
		}
	}
	job := get[*batchv1.Job](m, "Job/migrate")
	c := job.Spec.Template.Spec.Containers[0]
	if c.Image != digest("api") || !slices.Equal(c.Args, []string{"migrate"}) {
		t.Errorf("the job runs %s %v", c.Image, c.Args)
	}
	if job.Spec.ActiveDeadlineSeconds == nil || job.Spec.BackoffLimit == nil {
		t.Error("the job has no deadline")
	}
	for id, object := range m.objects {
		if object.GetAnnotations()["helm.sh/hook"] != "" && object.GetName() != "migrate" {
			t.Errorf("%s is a hook: a rollback and an uninstallation would leave it", id)
		}
	}
}
