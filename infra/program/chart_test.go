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
		app := find(t, resources, release, "app")
		values, ok := plain(open(at(app.inputs, "values")[0])).(map[string]any)
		if !ok {
			t.Fatal("the release has no values")
		}
		chart, err := loader.Load("../chart")
		if err != nil {
			t.Fatal(err)
		}
		options := chartutil.ReleaseOptions{Name: "taskmaster", Namespace: "taskmaster", Revision: 1, IsInstall: true}
		with, err := chartutil.ToRenderValues(chart, values, options, chartutil.DefaultCapabilities)
		if err != nil {
			t.Fatal(err)
		}
		rendered, err := engine.Render(chart, with)
		if err != nil {
			t.Fatal(err)
		}
		deployments := rendered["taskmaster/templates/deployments.yaml"]
		checksum, ok := values["secretsChecksum"].(string)
		if !ok || checksum == "" || strings.Count(deployments, `checksum/secrets: "`+checksum+`"`) != 5 {
			t.Errorf("the pods do not depend on the content of the secrets (%q):\n%s", checksum, deployments)
		}
	})
}
