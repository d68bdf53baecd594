//go:build clouds

package program

import (
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// TestChartAcceptsValuesOfStacks checks that the chart's schema and rules accept the values of
// every stack. A changed secret restarts the programs.
func TestChartAcceptsValuesOfStacks(t *testing.T) {
	everyStack(t, func(t *testing.T, s stack, resources []recorded) {
		t.Helper()
		values, rendered := renderChart(t, find(t, resources, release, "app"), "../chart", "taskmaster", "taskmaster")
		deployments := rendered["taskmaster/templates/deployments.yaml"]
		checksum, ok := values["secretsChecksum"].(string)
		if !ok || checksum == "" || strings.Count(deployments, `checksum/secrets: "`+checksum+`"`) != 6 {
			t.Errorf("the pods do not depend on the content of the secrets (%q):\n%s", checksum, deployments)
		}
	})
}

// renderChart renders the chart in a folder with the values of a release. It returns both.
func renderChart(t *testing.T, r recorded, dir, name, namespace string) (values map[string]any, rendered map[string]string) {
	t.Helper()
	values, ok := plain(open(at(r.inputs, "values")[0])).(map[string]any)
	if !ok {
		t.Fatal("the release has no values")
	}
	chart, err := loader.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := chartutil.ProcessDependenciesWithMerge(chart, values); err != nil {
		t.Fatal(err)
	}
	options := chartutil.ReleaseOptions{Name: name, Namespace: namespace, Revision: 1, IsInstall: true}
	with, err := chartutil.ToRenderValues(chart, values, options, chartutil.DefaultCapabilities)
	if err != nil {
		t.Fatal(err)
	}
	if rendered, err = engine.Render(chart, with); err != nil {
		t.Fatal(err)
	}
	return values, rendered
}
