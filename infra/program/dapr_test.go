//go:build clouds

package program

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestDaprChartAcceptsValues renders Dapr's chart of the module's version with the program's
// values. The pods must fit a restricted namespace and have limits and the stack's version. The
// sidecars must fit it too.
func TestDaprChartAcceptsValues(t *testing.T) {
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		t.Helper()
		dapr := find(t, resources, release, "platform-dapr")
		version := text(at(dapr.inputs, "version")[0])
		var programs []string
		for _, o := range renderDapr(t, dapr) {
			if o.Kind == "MutatingWebhookConfiguration" && (!strings.Contains(o.text, "failurePolicy: Fail") ||
				!strings.Contains(o.text, "kubernetes.io/metadata.name: taskmaster")) {
				t.Errorf("pods may start without sidecars, or pods of other namespaces are blocked:\n%s", o.text)
			}
			for _, c := range o.Spec.Template.Spec.Containers {
				programs = append(programs, c.Name)
				checkDapr(t, c, version)
			}
			if pod := o.Spec.Template; len(pod.Spec.Containers) > 0 {
				mustBeAdmitted(t, o.Metadata.Name, pod)
			}
		}
		slices.Sort(programs)
		if want := []string{"dapr-operator", "dapr-scheduler-server", "dapr-sentry", "dapr-sidecar-injector"}; !slices.Equal(programs, want) {
			t.Errorf("the control plane has %v, want %v", programs, want)
		}
	})
}

// object holds the parts of a rendered Kubernetes object that tests read.
type object struct {
	text     string
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Replicas *int
		Template corev1.PodTemplateSpec
		Ports    []corev1.ServicePort
		Selector map[string]any
	}
	Webhooks []struct {
		ClientConfig struct{ Service struct{ Name string } }
	}
}

// daprChart returns the folder of Dapr's chart in the module of the tested version.
func daprChart(t *testing.T) string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "-C", "../../dapr/runtime", "list", "-m", "-f", "{{.Dir}}", "github.com/dapr/dapr").Output()
	if err != nil {
		t.Fatalf("find Dapr's module: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(dir)), "charts", "dapr")
}

// renderDapr renders Dapr's chart of the module's version with the values of a release.
func renderDapr(t *testing.T, dapr recorded) (objects []object) {
	t.Helper()
	_, rendered := renderChart(t, dapr, daprChart(t), "dapr", "dapr-system")
	for name, file := range rendered {
		if filepath.Ext(name) != ".yaml" {
			continue // notes for people
		}
		for document := range strings.SplitSeq(file, "\n---") {
			o := object{text: document}
			if err := yaml.Unmarshal([]byte(document), &o); err != nil {
				t.Fatalf("%v:\n%s", err, document)
			}
			objects = append(objects, o)
		}
	}
	return objects
}

// On GKE the control plane reaches only the ports of private nodes that a rule allows. Without the
// webhooks no pod gets a sidecar.
func TestControlPlaneReachesWebhooks(t *testing.T) {
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		t.Helper()
		if !slices.ContainsFunc(resources, func(r recorded) bool { return r.kind == "gcp:container/cluster:Cluster" }) {
			return
		}
		rendered := renderDapr(t, find(t, resources, release, "platform-dapr"))
		var allowed []string
		for _, r := range resources {
			if r.kind == "gcp:compute/firewall:Firewall" && r.is("direction", "INGRESS") && r.is("allows.*.protocol", "tcp") {
				for _, port := range at(r.inputs, "allows.*.ports.*") {
					allowed = append(allowed, text(port))
				}
			}
		}
		ports := webhookPorts(t, rendered)
		if len(ports) < 2 {
			t.Fatalf("Dapr's chart has webhooks on ports %v, want those of the injector and of the conversion", ports)
		}
		for _, port := range ports {
			if !slices.Contains(allowed, port) {
				t.Errorf("no rule lets the control plane reach the webhook on port %s, only %v", port, allowed)
			}
		}
	})
}

// webhookPorts returns the ports of the pods behind Dapr's services with a webhook. dapr-webhook
// converts the resources of Dapr's definitions.
func webhookPorts(t *testing.T, objects []object) (ports []string) {
	t.Helper()
	names := []string{"dapr-webhook"}
	for _, o := range objects {
		for _, w := range o.Webhooks {
			names = append(names, w.ClientConfig.Service.Name)
		}
	}
	for _, o := range objects {
		if o.Kind != "Service" || !slices.Contains(names, o.Metadata.Name) {
			continue
		}
		for _, p := range o.Spec.Ports {
			if p.Port != 443 {
				continue // metrics
			}
			port := p.TargetPort.String()
			for _, pod := range objects {
				if o.Spec.Selector["app"] != pod.Spec.Template.Labels["app"] {
					continue
				}
				for _, c := range pod.Spec.Template.Spec.Containers {
					for _, named := range c.Ports {
						if named.Name == port {
							port = strconv.Itoa(int(named.ContainerPort))
						}
					}
				}
			}
			ports = append(ports, port)
		}
	}
	return ports
}

func checkDapr(t *testing.T, c corev1.Container, version string) {
	t.Helper()
	if !strings.HasSuffix(c.Image, ":"+version) {
		t.Errorf("%s is %s, want version %s", c.Name, c.Image, version)
	}
	if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
		t.Errorf("%s has no limits", c.Name)
	}
	if c.Name != "dapr-sidecar-injector" {
		return
	}
	for _, name := range []string{"SIDECAR_DROP_ALL_CAPABILITIES", "SIDECAR_RUN_AS_NON_ROOT", "SIDECAR_READ_ONLY_ROOT_FILESYSTEM"} {
		if !slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == name && v.Value == "true" }) {
			t.Errorf("%s has no variable %s: %v", c.Name, name, c.Env)
		}
	}
}
