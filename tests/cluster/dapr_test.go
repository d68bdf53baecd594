//go:build cluster

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"taskmaster/tests/system"
)

const daprNamespace = "dapr-system"

// daprChart returns the folder of Dapr's chart and the version of its images. Both belong to the
// module version that dapr/runtime pins.
func (c *cluster) daprChart() (folder, version string) {
	c.t.Helper()
	var module struct{ Dir, Version string }
	out := c.run("", "go", "-C", "dapr/runtime", "mod", "download", "-json", "github.com/dapr/dapr")
	if err := json.Unmarshal([]byte(out), &module); err != nil {
		c.t.Fatal(err)
	}
	return filepath.Join(module.Dir, "charts", "dapr"), strings.TrimPrefix(module.Version, "v")
}

// installDapr installs the control plane with the values of the stack local. It is removed with the
// test.
func (c *cluster) installDapr() {
	c.t.Helper()
	chart, version := c.daprChart()
	c.createEmptyNamespace(daprNamespace)
	values := releaseValues(c.t, filepath.Join(c.root, "infra", "program", "testdata", "local.golden.yaml"), "dapr")
	c.run("", "helm", "upgrade", "--install", "dapr", chart, "--namespace", daprNamespace, "--values", c.valuesFile(values),
		"--set", "global.tag="+version, "--wait", "--wait-for-jobs", "--timeout", "4m")
	c.t.Cleanup(func() {
		if _, err := c.try(clusterTimeout, "", "helm", "uninstall", "dapr", "--namespace", daprNamespace, "--wait"); err != nil {
			c.t.Error(err)
		}
	})
}

// installDaprKinds installs Dapr's custom resource definitions and waits until the API server
// publishes them. Helm also leaves them behind when it uninstalls.
func (c *cluster) installDaprKinds() {
	c.t.Helper()
	chart, _ := c.daprChart()
	c.run("", "kubectl", "apply", "--server-side", "--force-conflicts", "--filename", filepath.Join(chart, "crds"))
	ctx, cancel := context.WithTimeout(c.t.Context(), clusterTimeout)
	defer cancel()
	err := system.Poll(ctx, func() error {
		published, err := c.try(time.Minute, "", "kubectl", "get", "--raw", "/openapi/v2")
		for _, kind := range []string{"v1alpha1.Component", "v1alpha1.Configuration", "v1alpha1.Resiliency", "v2alpha1.Subscription"} {
			if err == nil && !strings.Contains(published, `"io.dapr.`+kind+`"`) {
				return fmt.Errorf("%s is not published", kind)
			}
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
}
