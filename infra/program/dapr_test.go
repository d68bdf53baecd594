//go:build clouds

package program

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestDaprChartAcceptsValues renders Dapr's chart of the module's version with the program's
// values. The pods must fit a restricted namespace and have limits and the stack's version. The
// sidecars must fit it too.
func TestDaprChartAcceptsValues(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/dapr/dapr").Output()
	if err != nil {
		t.Fatalf("find Dapr's module: %v", err)
	}
	everyStack(t, func(t *testing.T, _ stack, resources []recorded) {
		t.Helper()
		dapr := find(t, resources, release, "platform-dapr")
		values, ok := plain(open(at(dapr.inputs, "values")[0])).(map[string]any)
		if !ok {
			t.Fatal("the release has no values")
		}
		chart, err := loader.Load(filepath.Join(strings.TrimSpace(string(dir)), "charts", "dapr"))
		if err != nil {
			t.Fatal(err)
		}
		if err := chartutil.ProcessDependenciesWithMerge(chart, values); err != nil {
			t.Fatal(err)
		}
		options := chartutil.ReleaseOptions{Name: "dapr", Namespace: "dapr-system", Revision: 1, IsInstall: true}
		with, err := chartutil.ToRenderValues(chart, values, options, chartutil.DefaultCapabilities)
		if err != nil {
			t.Fatal(err)
		}
		rendered, err := engine.Render(chart, with)
		if err != nil {
			t.Fatal(err)
		}
		version := text(at(dapr.inputs, "version")[0])
		var programs []string
		for name, file := range rendered {
			if filepath.Ext(name) != ".yaml" {
				continue // notes for people
			}
			for document := range strings.SplitSeq(file, "\n---") {
				var made struct {
					Kind string
					Spec struct{ Template corev1.PodTemplateSpec }
				}
				if err := yaml.Unmarshal([]byte(document), &made); err != nil {
					t.Fatalf("%v:\n%s", err, document)
				}
				if made.Kind == "MutatingWebhookConfiguration" && (!strings.Contains(document, "failurePolicy: Fail") ||
					!strings.Contains(document, "kubernetes.io/metadata.name: taskmaster")) {
					t.Errorf("pods may start without sidecars, or pods of other namespaces are blocked:\n%s", document)
				}
				for _, c := range made.Spec.Template.Spec.Containers {
					programs = append(programs, c.Name)
					checkDapr(t, c, version)
				}
			}
		}
		slices.Sort(programs)
		if want := []string{"dapr-operator", "dapr-scheduler-server", "dapr-sentry", "dapr-sidecar-injector"}; !slices.Equal(programs, want) {
			t.Errorf("the control plane has %v, want %v", programs, want)
		}
	})
}

func checkDapr(t *testing.T, c corev1.Container, version string) {
	t.Helper()
	if !strings.HasSuffix(c.Image, ":"+version) {
		t.Errorf("%s is %s, want version %s", c.Name, c.Image, version)
	}
	if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
		t.Errorf("%s has no limits", c.Name)
	}
	s := c.SecurityContext
	if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
		s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) ||
		s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("%s is not admitted to a restricted namespace: %+v", c.Name, s)
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
